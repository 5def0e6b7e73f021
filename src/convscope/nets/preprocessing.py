"""How a network's pictures were prepared and what its classes are called, as its publisher states it."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from convscope.errors import BadModel
from convscope.plain.fit import Fit, How


@dataclass(frozen=True)
class Preprocessing:
    """Geometry, normalisation and class names, each None or empty where unknown; notes say what is not certain."""

    fit: Fit | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of_torchvision(name: str, weights: str = "DEFAULT") -> Preprocessing:
    """The evaluation transform and the categories that come with published weights; no download.

    >>> of_torchvision("resnet50").fit.resize, of_torchvision("resnet50", "IMAGENET1K_V1").fit.resize
    (232, 256)
    """
    from torchvision import models
    from torchvision.transforms import InterpolationMode

    entry = models.get_model_weights(name)[weights]
    recipe: Any = entry.transforms()
    fit = Fit(
        recipe.crop_size[0],
        recipe.crop_size[0],
        how="crop",
        resize=recipe.resize_size[0],
        bicubic=recipe.interpolation == InterpolationMode.BICUBIC,
    )
    classes = unique(entry.meta["categories"])
    return Preprocessing(fit, tuple(recipe.mean), tuple(recipe.std), classes)


def torchvision_weights_of(name: str, file_name: str) -> str:
    """Which published weights a file is by its name, as torchvision's own download calls it; "" where none."""
    from torchvision import models

    entries = models.get_model_weights(name)
    return next((entry.name for entry in entries if entry.url.rpartition("/")[2] == file_name), "")


def assumed_of_torchvision(name: str, what: str) -> Preprocessing:
    """The recommended weights' preprocessing for ``what``, which does not state its own; a note says so."""
    from torchvision import models

    known = of_torchvision(name)
    members = models.get_model_weights(name)
    chosen = members["DEFAULT"].name
    others = [entry.name for entry in members if of_torchvision(name, entry.name) != known]
    differ = f" ({', '.join(others)} would be prepared otherwise)" if others else ""
    note = (
        f"{what} does not say how its pictures were prepared: they are prepared as for torchvision's "
        f"{name}, weights {chosen}{differ}. Give input_size=, mean=, std= and classes= if it was trained otherwise."
    )
    return Preprocessing(known.fit, known.mean, known.std, known.classes, (note,))


def of_module(module: nn.Module) -> Preprocessing | None:
    """What torchvision and timm say of a module of theirs; None for any other, and for sizes they never published."""
    package = type(module).__module__
    if package.startswith("torchvision.models."):
        name, classes = torchvision_name(module)
        if not name:
            return None
        known = assumed_of_torchvision(name, f"The {type(module).__name__} given")
        return known if classes == len(known.classes) else replace(known, classes=())
    if package.startswith("timm."):
        return of_timm(module)
    return None


def torchvision_name(module: nn.Module) -> tuple[str, int]:
    """(name, classes): the published torchvision network that a module has the parameters of, "" where none has.

    The number of classes may differ.
    """
    from torchvision import models

    family = [
        name
        for name in models.list_models(module=models)
        if models.get_model_builder(name).__module__ == type(module).__module__
    ]
    state = module.state_dict()
    classes = len(list(state.values())[-1])
    size = _parameters(module) - _head(state) * classes + _head(state) * 1000
    for name in family:
        weights = models.get_model_weights(name)["DEFAULT"]
        if (len(family) == 1 or weights.meta["num_params"] == size) and _same(module, name, classes):
            return name, classes
    return "", classes


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _head(state: dict[str, torch.Tensor]) -> int:
    """Parameters that one class costs: its row of weights and its bias, the last two tensors."""
    weight = list(state.values())[-2]
    return weight.numel() // max(len(weight), 1) + 1 if weight.dim() > 1 else 0


def _same(module: nn.Module, name: str, classes: int) -> bool:
    from torchvision import models

    options: dict[str, Any] = {}
    if hasattr(module, "aux_logits"):
        options = {"aux_logits": module.aux_logits, "init_weights": False}
    with torch.device("meta"):  # shapes alone
        made = models.get_model(name, weights=None, num_classes=classes, **options)
    return _shapes(made) == _shapes(module)


def _shapes(module: nn.Module) -> dict[str, torch.Size]:
    return {name: tensor.shape for name, tensor in module.state_dict().items()}


def of_timm(module: nn.Module) -> Preprocessing:
    """The configuration that timm attaches to its modules: size, crop, interpolation, normalisation, labels."""
    config: Any = getattr(module, "pretrained_cfg", None) or {}
    if "input_size" not in config:
        return Preprocessing()
    channels, height, width = config["input_size"]
    how = CROPS[config.get("crop_mode") or "center"]
    share = config.get("crop_pct") or 0.875  # timm's own default
    fit = Fit(
        height,
        width,
        how=how,
        resize=math.floor(min(height, width) / share) if how == "crop" else None,
        channels=channels,
        fill=round(255 * sum(config["mean"]) / channels) if how == "pad" else 255,
        bicubic=config.get("interpolation") == "bicubic",
    )
    notes = () if how == "crop" or share == 1 else (SQUASHED.format(share),)
    return Preprocessing(
        fit, tuple(config["mean"]), tuple(config["std"]), _timm_classes(module, config), notes
    )


CROPS: dict[str, How] = {"center": "crop", "squash": "stretch", "border": "pad"}
SQUASHED = "timm resizes to 1/{} of the input and cuts the border off; here pictures are resized to the input itself."


def _timm_classes(module: nn.Module, config: Any) -> tuple[str, ...]:
    """The labels of the configuration, or those that timm knows by their number; none for a head of another size."""
    count = config.get("num_classes")
    if not count or getattr(module, "num_classes", count) != count:
        return ()
    if labels := config.get("label_names"):
        told = config.get("label_descriptions") or {}
        return unique([told.get(label, label) for label in labels])
    if count == 1000:
        return of_torchvision("resnet18").classes  # the same order, and shorter words than WordNet's
    from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(config)
    if subset is None:
        return ()
    told = ImageNetInfo(subset)
    return unique([told.index_to_description(index) for index in range(told.num_classes())])


def read_classes(path: str | Path) -> tuple[str, ...]:
    """Class names from a file: a JSON list, or one name a line; raises BadModel."""
    try:
        text = Path(path).read_text("utf-8")
        names = json.loads(text) if Path(path).suffix == ".json" else text.split("\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadModel(
            f"cannot read the class names in {path}: {reason}. Give a file with one a line or a JSON list, or their number"
        ) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadModel(f"{path} is no list of class names: write one a line, or a JSON list of texts")
    return tuple(name.strip() for name in names if name.strip())


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """ImageNet has two cranes and two maillots; a class is addressed by its name."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
