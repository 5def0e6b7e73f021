"""What torchvision and timm say about the pictures their networks were trained on."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from convscope.plain.fit import Fit

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """Geometry, normalisation and class names, each None or empty where unknown."""

    fit: Fit | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def of_torchvision(name: str, weights: str = "DEFAULT") -> Preprocessing:
    """The evaluation transform and the categories that come with a name's weights; no download.

    >>> of_torchvision("resnet18").fit.height, len(of_torchvision("resnet18").classes)
    (224, 1000)
    """
    from torchvision import models
    from torchvision.transforms import InterpolationMode

    # what random weights go by: networks without published weights follow the ImageNet custom
    known = models.get_model_weights(name).__members__
    if weights not in known:
        fit = Fit(224, 224, how="crop", resize=256)
        return Preprocessing(fit, IMAGENET_MEAN, IMAGENET_STD)
    entry = known[weights]
    recipe: Any = entry.transforms()
    fit = Fit(
        recipe.crop_size[0],
        recipe.crop_size[0],
        how="crop",
        resize=recipe.resize_size[0],
        bicubic=recipe.interpolation == InterpolationMode.BICUBIC,
    )
    classes = tuple(_unique(entry.meta["categories"]))
    return Preprocessing(fit, tuple(recipe.mean), tuple(recipe.std), classes)


def of_timm(module: nn.Module) -> Preprocessing:
    """The configuration that timm attaches to its modules."""
    config: Any = getattr(module, "pretrained_cfg", None) or {}
    if not config:
        return Preprocessing()
    channels, height, width = config["input_size"]
    short = round(height / config.get("crop_pct", 1.0))
    bicubic = config.get("interpolation") == "bicubic"
    fit = Fit(height, width, how="crop", resize=short, channels=channels, bicubic=bicubic)
    classes = _imagenet_names() if config.get("num_classes") == 1000 else ()
    return Preprocessing(fit, tuple(config["mean"]), tuple(config["std"]), classes)


def _imagenet_names() -> tuple[str, ...]:
    """torchvision's and timm's 1,000 ImageNet classes stand in the same order."""
    return of_torchvision("resnet18").classes


def _unique(names: list[str]) -> list[str]:
    """ImageNet has two cranes and two maillots; a class is addressed by its name."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
