"""Open a network as it is: a run, a name, a spec, a module or a factory in a file."""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from convscope.errors import BadModel, UnknownName
from convscope.model.model import Model
from convscope.model.readable import unwrapped
from convscope.model.store import MANIFEST, load_state, read_model
from convscope.nets.architecture import Architecture, create, describe
from convscope.nets.preprocessing import Preprocessing, of_timm, of_torchvision
from convscope.nets.weights import PICKLE, download, is_file, read_weights
from convscope.plain.fit import Fit

InputSize = int | tuple[int, ...]
RANDOM = (
    "The weights are random: nothing has been learnt. Give weights=FILE.safetensors or weights='default'."
)


@dataclass(frozen=True)
class Asked:
    """What the caller of ``open_model`` said, beside the network itself."""

    input_size: InputSize | None = None
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    classes: Sequence[str] | int | None = None
    weights: str | Path | None = None
    output: str | int | None = None
    seed: int = 0


def open_model(
    x: Any,
    *,
    input_size: InputSize | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    classes: Sequence[str] | int | None = None,
    weights: str | Path | None = None,
    output: str | int | None = None,
    seed: int = 0,
) -> Model:
    """A ``Model`` of a run folder, an ``nn.Module``, a name, a spec or ``file.py:factory``.

    ``input_size`` is a side, (height, width) or (channels, height, width) in pixels; ``mean`` and ``std``
    are per channel for pixels in 0 to 1; ``classes`` are names or their number; ``weights`` is a
    safetensors file, or "default" (or a torchvision weights name), which may download; ``output`` picks
    the class scores where the network returns several things. What is left out is found or, where that
    would be a guess, asked for. Without weights they are random, drawn from ``seed``, and a note says so.

    Raises BadModel where something needed is missing or does not fit, UnknownName for an unknown name.

    >>> open_model("4c3 p2", input_size=8, classes=2).fit.height
    8
    """
    asked = Asked(input_size, mean, std, classes, weights, output, seed)
    if isinstance(x, Model):
        return x
    if isinstance(x, nn.Module):
        return _open_module(x, asked, type(unwrapped(x)[0]).__name__)
    text = str(x)
    if (folder := _model_folder(Path(text))) is not None:
        return _open_folder(folder)
    if ".py:" in text:
        return _open_factory(text, asked)
    if isinstance(x, Path) or "/" in text or text.endswith((".pt", ".pth", ".ckpt", ".safetensors")):
        raise BadModel(_not_a_model(text))
    return _open_name(text, asked)


def _model_folder(path: Path) -> Path | None:
    """The folder that holds the saved model of a run, or None where there is none."""
    for folder in (path / "model", path):
        if (folder / MANIFEST).is_file():
            return folder
    return None


def _not_a_model(text: str) -> str:
    if text.endswith((".pt", ".pth", ".ckpt")):
        return f"{text}: {PICKLE}"
    if (Path(text) / "config.yaml").is_file():
        return f"the run in {text} has not finished: continue it with `convscope train DATA --resume`, and its --name."
    if not text.endswith(".safetensors"):
        return f"no model in {text}: {MANIFEST} is missing. Train one with `convscope train DATA`."
    return f"{text} is no run folder; weights alone are no network: open_model(NAME, weights={text!r})"


def _open_folder(folder: Path) -> Model:
    """A model as ``save_model`` wrote it."""
    about, state = read_model(folder)
    try:
        module = create(about["architecture"])
        load_state(module, state, str(folder))
        return Model(
            module.eval(),
            fit=Fit(**about["fit"]),
            mean=tuple(about["mean"]),
            std=tuple(about["std"]),
            classes=tuple(about["classes"]),
            name=about["name"],
            architecture=about["architecture"],
            choose=about["choose"],
            notes=tuple(about["notes"]),
        )
    except (KeyError, TypeError) as error:
        raise BadModel(f"{folder / MANIFEST} is incomplete: {error}") from error


def _open_factory(text: str, asked: Asked) -> Model:
    """``file.py:factory``: the user's own code is run, because the user named it."""
    place, _, name = text.rpartition(":")
    path = Path(place)
    if not path.is_file():
        raise BadModel(f"there is no file {place}: write path/to/file.py:factory")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise BadModel(f"{place} is no Python file: write path/to/file.py:factory")
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    if not callable(factory := getattr(code, name, None)):
        there = [key for key, value in vars(code).items() if callable(value)]
        raise UnknownName("factory", name, there, f"It should be in {place}.")
    module = _seeded(factory, asked.seed)
    if not isinstance(module, nn.Module):
        raise BadModel(f"{text} returned {type(module).__name__}, not an nn.Module")
    return _open_module(module, asked, f"{path.name}:{name}")


def _seeded(factory: Callable[[], Any], seed: int) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return factory()


def _open_module(module: nn.Module, asked: Asked, name: str) -> Model:
    """The user's own module, with its weights as they are unless a file is given."""
    inner, _ = unwrapped(module)
    known = _known_preprocessing(inner)
    if known is None and asked.input_size is None:
        raise BadModel(
            f"the input size of {name} is not known: pass input_size=64, (64, 48) or (3, 64, 48), and "
            "mean= and std= as it was trained with"
        )
    if asked.weights is not None:
        load_state(inner, read_weights(asked.weights), str(asked.weights))
    return _model(module, known or Preprocessing(), asked, name, None)


def _known_preprocessing(module: nn.Module) -> Preprocessing | None:
    """What torchvision and timm say of their own modules; None for anything else."""
    package = type(module).__module__
    if package.startswith("torchvision.models"):
        return replace(of_torchvision(_torchvision_name(module)), classes=())
    if package.startswith("timm."):
        return of_timm(module)
    return None


def _torchvision_name(module: nn.Module) -> str:
    return "inception_v3" if type(module).__name__ == "Inception3" else "resnet18"


def _open_name(text: str, asked: Asked) -> Model:
    """A spec, or a name in ``NETS``, torchvision or timm."""
    channels, height, width = sizes(asked.input_size, Preprocessing())
    count = _count(asked.classes)
    architecture = describe(text, classes=count or 1000, channels=channels, height=height, width=width)
    if architecture["kind"] == "spec":
        if asked.input_size is None or not count:
            raise BadModel(f"the spec {text!r} needs input_size= and classes=, for example 64 and 10")
        return _weighted(create(architecture, seed=asked.seed), Preprocessing(), asked, architecture)
    if architecture["kind"] == "torchvision":
        return _open_torchvision(architecture, asked)
    return _open_timm(architecture, asked)


def _open_torchvision(architecture: Architecture, asked: Asked) -> Model:
    name = architecture["name"]
    if asked.weights is None or is_file(asked.weights):
        module = create(architecture, seed=asked.seed)
        return _weighted(module, of_torchvision(name), asked, architecture)
    from torchvision import models

    known = models.get_model_weights(name)
    wanted = str(asked.weights).upper().rpartition(".")[2]
    if wanted not in known.__members__:  # DEFAULT is an alias among the members
        raise UnknownName("weights", asked.weights, [*known.__members__], f"They belong to {name}.")
    module = download(lambda: models.get_model(name, weights=known[wanted]), name)
    # some forwards depend on having been trained: remember how this one was built
    options = {key: getattr(module, key) for key in ("aux_logits", "transform_input") if hasattr(module, key)}
    architecture = architecture | {"classes": 1000, "options": options}
    return _model(module, of_torchvision(name, wanted), asked, name, architecture)


def _open_timm(architecture: Architecture, asked: Asked) -> Model:
    name = architecture["name"]
    if asked.weights is None or is_file(asked.weights):
        module = create(architecture, seed=asked.seed)
        return _weighted(module, of_timm(module), asked, architecture)
    import timm

    module = download(lambda: timm.create_model(name, pretrained=True), name)
    return _model(module, of_timm(module), asked, name, architecture | {"classes": 1000})


def _weighted(module: nn.Module, known: Preprocessing, asked: Asked, architecture: Architecture) -> Model:
    """A freshly made module with the weights of a file, or random ones and a note."""
    name = architecture.get("name") or architecture["spec"]
    if asked.weights is None:
        known = replace(known, notes=(*known.notes, RANDOM))
    elif not is_file(asked.weights):
        raise BadModel(f"{name} has no weights named {asked.weights!r}: give a safetensors file")
    else:
        load_state(module, read_weights(asked.weights), str(asked.weights))
    return _model(module, known, asked, name, architecture)


def _model(
    module: nn.Module,
    known: Preprocessing,
    asked: Asked,
    name: str,
    architecture: Architecture | None,
) -> Model:
    if asked.input_size is None and known.fit is not None:
        fit = replace(known.fit, channels=first_channels(module, known.fit.channels))
    else:
        default = first_channels(module, 3)
        channels, height, width = sizes(asked.input_size, known, default)
        fit = Fit(height, width, channels=channels)
    mean, std, note = _normalisation(known, asked, fit.channels)
    names = known.classes
    if asked.classes is not None and not isinstance(asked.classes, int):
        names = tuple(asked.classes)
    return Model(
        module.eval() if architecture is not None else module,
        fit=fit,
        mean=mean,
        std=std,
        classes=names,
        name=name,
        architecture=architecture,
        choose=asked.output,
        notes=(*known.notes, *note),
    )


def _normalisation(
    known: Preprocessing, asked: Asked, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
    """(mean, std, notes): asked, else known, else none, and then said."""
    mean = asked.mean if asked.mean is not None else known.mean
    std = asked.std if asked.std is not None else known.std
    note = () if mean is not None and std is not None else (UNSCALED,)
    fill = lambda values, default: tuple(values or (default,) * channels)  # noqa: E731
    return fill(mean, 0.0), fill(std, 1.0), note


UNSCALED = (
    "No mean and std were given: pixels go in as 0 to 1. Give mean= and std= if it was trained otherwise."
)


def sizes(input_size: InputSize | None, known: Preprocessing, channels: int = 3) -> tuple[int, int, int]:
    """(channels, height, width) of what was asked, else of what is known, else 224."""
    if input_size is None:
        side = known.fit
        return (channels, side.height, side.width) if side else (channels, 224, 224)
    if isinstance(input_size, int):
        return channels, input_size, input_size
    if len(input_size) == 2:
        return channels, input_size[0], input_size[1]
    if len(input_size) == 3:
        return input_size[0], input_size[1], input_size[2]
    raise BadModel(f"input_size is {input_size!r}: give 64, (64, 48) or (3, 64, 48)")


def first_channels(module: nn.Module, default: int) -> int:
    """Input channels of the first convolution."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            return layer.in_channels
    return default


def _count(classes: Sequence[str] | int | None) -> int:
    return classes if isinstance(classes, int) else len(classes or ())
