"""Open a network as it is: a run, a name, a spec, a module or a factory in a file."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from convscope.errors import BadModel, UnknownName
from convscope.model.model import Model
from convscope.model.readable import refuse_unreadable, refuse_without_numbers, unwrapped
from convscope.model.store import MANIFEST, load_state, read_model, refuse_broken
from convscope.nets import NETS
from convscope.nets.architecture import Architecture, create, describe
from convscope.nets.asked import Asked, Classes, InputSize, PerChannel, fit_of, normalisation, sizes
from convscope.nets.evolved import checkpoint_of, replace_weights
from convscope.nets.packaged import packaged
from convscope.nets.preprocessing import (
    Preprocessing,
    assumed_of_torchvision,
    of_module,
    of_timm,
    of_torchvision,
    torchvision_weights_of,
)
from convscope.nets.pretrained import packaged_file
from convscope.nets.published import published
from convscope.nets.weights import is_file, read_weights
from convscope.plain.fit import Fit

RANDOM = (
    "The weights are random: nothing has been learnt. Give weights=FILE.safetensors or weights='default'."
)


def open_model(
    x: Any,
    *,
    input_size: InputSize | None = None,
    mean: PerChannel | None = None,
    std: PerChannel | None = None,
    classes: Classes | None = None,
    weights: str | Path | None = None,
    output: str | int | None = None,
    seed: int = 0,
) -> Model:
    """A ``Model`` of a run folder, an ``nn.Module``, a name, a spec or ``file.py:factory``.

    ``runs/NAME@5`` is a run as it was after epoch 5, where its series of checkpoints has that epoch; 0 is
    before the first step.

    ``input_size`` is a side, (height, width) or (channels, height, width) in pixels, or a whole ``Fit``;
    ``mean`` and ``std`` are for pixels in 0 to 1, one number or one a channel; ``classes`` are names, a file
    that lists them, or their number; ``output`` picks the class scores where the network returns several
    things. ``weights`` is a file (safetensors, or a torch file of tensors), "package" for those of an
    installed package (extra ``pretrained``), a published name such as "IMAGENET1K_V2", or "default": the
    package's where it is installed, else the publisher's, from its cache or, now that you ask, by download.

    What is left out is found or refused: without the input size nothing is opened, without mean and std no
    picture is taken, and what is only the custom of a family of networks is said in ``notes``. Without
    weights they are random, drawn from ``seed``, and a note says so.

    Raises BadModel where something needed is missing or does not fit, UnknownName for an unknown name.

    >>> open_model("4c3 p2", input_size=8, classes=2).fit.height
    8
    """
    asked = Asked(input_size, mean, std, classes, weights, output, seed)
    if isinstance(x, Model):
        return x
    if isinstance(x, nn.Module):
        return _open_module(x, asked, type(unwrapped(x)[0]).__name__)
    if not isinstance(x, str | Path):
        raise BadModel(
            f"a {'class' if isinstance(x, type) else type(x).__name__} is no network: give an nn.Module, a name, a spec, a run "
            "folder or file.py:factory; weights alone are none, so name their network and give weights=FILE"
        )
    text = str(x)
    if (folder := _model_folder(Path(text))) is not None:
        _refuse_asked(text, asked)
        return _open_folder(folder)
    if (place := checkpoint_of(text)) is not None:
        _refuse_asked(text, asked)
        return replace_weights(open_model(place.run), place)
    if isinstance(weights, str) and (checkpoint_of(weights) or Path(weights).is_dir()):
        raise BadModel(
            f"{weights} is no file of weights: a run knows its network, so write {weights} instead of {text}"
        )
    if ".py:" in text:
        return _open_factory(text, asked)
    if isinstance(x, Path) or "/" in text or text.endswith((".pt", ".pth", ".ckpt", ".safetensors")):
        raise BadModel(_not_a_model(text))
    return _open_name(text, asked)


def is_trained(text: str) -> bool:
    """Whether a text names a trained model on disk, which needs to be told nothing."""
    return _model_folder(Path(text)) is not None or checkpoint_of(text) is not None


def _refuse_asked(text: str, asked: Asked) -> None:
    """A run knows all that ``open_model`` may need to be told; what was said beside it would be without effect."""
    given = [
        field.name
        for field in fields(asked)
        if field.name != "seed" and getattr(asked, field.name) is not None
    ]
    if given:
        raise BadModel(
            f"{text} is a trained model, which is told nothing: leave out {', '.join(f'{name}=' for name in given)}"
        )


def _model_folder(path: Path) -> Path | None:
    """The folder that holds the saved model of a run, or None where there is none."""
    for folder in (path / "model", path):
        if (folder / MANIFEST).is_file():
            return folder
    return None


def _not_a_model(text: str) -> str:
    if (Path(text) / "config.yaml").is_file():
        return f"the run in {text} has not finished: continue it with `convscope train DATA --resume`, and its --name."
    if text.endswith((".pt", ".pth", ".ckpt", ".safetensors")):
        return f"{text} holds weights, and weights alone are no network: name the network, and give weights={text!r} beside it"
    if Path(text).is_file():
        return f"{text} is no network: where both are asked for, the network comes first and what it looks at after it"
    return f"no model in {text}: {MANIFEST} is missing. Train one with `convscope train DATA`."


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
            calibration=float(about.get("temperature", 1.0)),  # models of before it was fitted have none
        )
    except (KeyError, TypeError, ValueError) as error:
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
    with _as_a_script(path, code):
        try:
            spec.loader.exec_module(code)
        except Exception as error:
            raise BadModel(f"{place} cannot be run: {type(error).__name__}: {error}") from error
        if not callable(factory := getattr(code, name, None)):
            there = [
                key for key, value in vars(code).items() if callable(value) and value.__module__ == path.stem
            ]
            raise UnknownName("factory", name, there, f"It should be in {place}.")
        module = _seeded(factory, asked.seed, text)
    if not isinstance(module, nn.Module):
        raise BadModel(f"{text} returned {type(module).__name__}, not an nn.Module")
    return _open_module(module, asked, f"{path.name}:{name}", *(() if asked.weights else (OWN_WEIGHTS,)))


@contextmanager
def _as_a_script(path: Path, code: ModuleType) -> Iterator[None]:
    """As ``python path`` would run it: what lies beside it can be imported, and what it defines is found by name.

    Afterwards none of it is left, so that files of the same name in another folder are not taken for these.
    """
    before, folder = dict(sys.modules), path.parent.resolve()
    sys.path.insert(0, str(folder))
    sys.modules[code.__name__] = code
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if module is code or (name not in before and _lies_in(folder, module)):
                del sys.modules[name]
        if code.__name__ in before:
            sys.modules[code.__name__] = before[code.__name__]


def _lies_in(folder: Path, module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().parent == folder


OWN_WEIGHTS = (
    "The weights are those that the factory left in the network; give weights=FILE for trained ones."
)


def _seeded(factory: Callable[[], Any], seed: int, text: str) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return factory()
        except Exception as error:
            raise BadModel(
                f"{text} failed: {type(error).__name__}: {error}. It is called without arguments"
            ) from error


def _open_module(module: nn.Module, asked: Asked, name: str, *notes: str) -> Model:
    """The user's own module, with its weights as they are unless a file is given."""
    inner, _ = unwrapped(module)
    known = of_module(inner)
    if (known is None or known.fit is None) and asked.input_size is None:
        raise BadModel(
            f"the input size of {name} is not known: pass input_size=, a side or height and width, and "
            "mean= and std= as it was trained with"
        )
    known = known or Preprocessing()
    if asked.weights is not None:
        known = _load(inner, asked.weights, known, name)
    else:
        refuse_unreadable(inner)
        refuse_without_numbers(inner)
        refuse_broken(dict(inner.named_parameters()), name)
    return _model(module, replace(known, notes=(*notes, *known.notes)), asked, name, None)


def _load(module: nn.Module, weights: str | Path, known: Preprocessing, name: str) -> Preprocessing:
    """Put the weights of a file into a module; what is known, with what reading them took."""
    if not is_file(weights):
        raise BadModel(f"{name} has no weights named {str(weights)!r}: give a file of weights")
    read = read_weights(weights)
    load_state(module, read.tensors, str(weights))
    return replace(known, notes=(*known.notes, *read.notes))


def _open_name(text: str, asked: Asked) -> Model:
    """A spec, or a name in ``NETS``, torchvision or timm."""
    asked = _as_in_its_paper(text, asked)
    channels, height, width = sizes(asked.input_size, Preprocessing())
    try:
        architecture = describe(
            text, classes=asked.count or 1000, channels=channels, height=height, width=width
        )
    except UnknownName:
        if Path(text).exists():  # a folder or a file without a model
            raise BadModel(_not_a_model(text)) from None
        raise
    if architecture["kind"] in ("torchvision", "timm"):
        return _open_published(architecture, asked)
    if asked.input_size is None or not asked.count:
        raise BadModel(f"the spec {text!r} needs input_size= and classes=, for example 64 and 10")
    return _open_made(architecture, lambda module: Preprocessing(), asked)


def _as_in_its_paper(text: str, asked: Asked) -> Asked:
    """The input and classes of a classic's paper, where others are not asked for."""
    net = NETS.get(text.strip())
    if net is None:
        return asked
    channels, height, width = net.input
    size = asked.input_size
    if not isinstance(size, Fit):
        size = sizes((height, width) if size is None else size, Preprocessing(), channels)
    return replace(asked, input_size=size, classes=asked.classes or net.classes)


def _open_published(architecture: Architecture, asked: Asked) -> Model:
    """A network of torchvision or timm: random, with a file's weights, a package's or the publisher's."""
    name, weights = architecture["name"], asked.weights
    if weights is None or is_file(weights):
        return _open_made(architecture, lambda module: _known(architecture, module, asked), asked)
    if asked.count not in (0, 1000):
        raise BadModel(f"the published weights of {name} know other classes than the {asked.count} asked for")
    if weights == "package" or (weights == "default" and packaged_file(name) is not None):
        found = packaged(name)
        known = Preprocessing(found.fit, found.mean, found.std, found.classes, found.notes)
        return _model(found.module, known, asked, name, found.architecture)
    made = published(architecture, str(weights))
    known = replace(made.known, notes=(*made.known.notes, made.note))
    return _model(made.module, known, asked, name, made.architecture)


def _known(architecture: Architecture, module: nn.Module, asked: Asked) -> Preprocessing:
    """What the publisher says of its network by name; of a file of weights only where the file is its own."""
    name = architecture["name"]
    if architecture["kind"] == "timm":
        return of_timm(module)
    if asked.weights is None:
        return of_torchvision(name)
    own = torchvision_weights_of(name, Path(asked.weights).name)
    return of_torchvision(name, own) if own else assumed_of_torchvision(name, Path(asked.weights).name)


def _open_made(
    architecture: Architecture, knowing: Callable[[nn.Module], Preprocessing], asked: Asked
) -> Model:
    """A freshly made network with the weights of a file, or random ones and a note."""
    module = create(architecture, seed=asked.seed)
    name = architecture.get("name") or architecture["spec"]
    known = knowing(module)
    if asked.weights is None:
        known = replace(known, notes=(*known.notes, RANDOM))
    else:
        known = _load(module, asked.weights, known, name)
    return _model(module, known, asked, name, architecture)


def _model(
    module: nn.Module,
    known: Preprocessing,
    asked: Asked,
    name: str,
    architecture: Architecture | None,
) -> Model:
    fit = fit_of(module, known, asked)
    mean, std, notes = normalisation(known, asked, fit.channels)
    if architecture is not None and asked.weights is None and not mean:
        mean, std, notes = (0.0,) * fit.channels, (1.0,) * fit.channels, ()  # random weights expect nothing
    names = asked.names or (known.classes if asked.count in (0, len(known.classes)) else ())
    return Model(
        module.eval() if architecture is not None else module,
        fit=fit,
        mean=mean,
        std=std,
        classes=names,
        name=name,
        architecture=architecture,
        choose=asked.output,
        notes=(*known.notes, *notes),
    )
