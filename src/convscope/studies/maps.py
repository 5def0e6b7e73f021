"""The activation maps of every layer for one picture: before and after ReLU, before and after pooling."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.errors import BadImages
from convscope.images import open_images
from convscope.model.layer import Layer
from convscope.model.layers import is_root
from convscope.model.measure import outputs
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS, DROPOUTS, NORMALISATIONS, RECTIFIERS, SMOOTH, SUMS
from convscope.nets.open import open_model
from convscope.plain.maps import LayerMaps, Maps
from convscope.plain.render import signed

NAMED = 3  # classes

STAGES = (
    (CONVOLUTIONS, "as the convolution gives it"),
    (NORMALISATIONS, "after normalisation"),
    (RECTIFIERS, "after ReLU"),
    (SMOOTH, "after activation"),
    (DROPOUTS, "after dropout, which only acts in training"),
    (SUMS, "after the sum"),
    ({"linear"}, "as the fully connected layer gives it"),
    ({"cat"}, "after concatenation"),
    ({"flatten", "view", "reshape"}, "the same numbers as one vector"),
)


def maps(model: Any, picture: Any, layer: str | None = None) -> Maps:
    """What every layer outputs for one picture, or ``layer`` alone, each read as its call returns.

    ``model`` is a ``Model`` or anything ``open_model`` takes; ``picture`` a file, a uint8 array
    ``[h, w, c]`` or a finished float input ``[C, H, W]``. Raises UnknownName, BadImages, BadModel.

    >>> seen = maps("4c3 p2", photo)  # doctest: +SKIP
    >>> seen.layers["conv1"].array.min() < 0 == seen.layers["relu1"].array.min()  # doctest: +SKIP
    True
    """
    opened = open_model(model)
    chosen = list(opened.layers.values()) if layer is None else [opened.layer(layer)]
    image = one_picture(picture)
    values = outputs(opened, opened.preprocess(image)[None], [each.name for each in chosen])
    blocks = block_names(opened)
    layers = {each.name: _layer(each, blocks[each.name], values[each.name]) for each in chosen}
    named = _named(opened, values)
    return Maps(opened.name, _pixels(opened, image), layers, named, opened.notes)


def one_picture(source: Any) -> Any:
    """The picture of a file, of Pillow, or in a uint8 tensor ``[C, H, W]``; arrays and float tensors as they are.

    Raises BadImages where there are several.
    """
    if hasattr(source, "getexif") or (isinstance(source, Tensor) and source.dtype == torch.uint8):
        return open_images([source])[0]
    if not isinstance(source, str | Path):
        return source
    images = open_images(source)
    if len(images) != 1:
        raise BadImages(f"{source} holds {len(images):,} pictures: maps are of one picture, name its file")
    return images[0]


def block_names(model: Model) -> dict[str, str]:
    """For each layer the convolution, fully connected layer, sum or concatenation that it follows."""
    blocks, block = {}, ""
    for layer in model.layers.values():
        if not block or is_root(model.record.calls[layer.index], model.record):
            block = layer.name
        blocks[layer.name] = block
    return blocks


def stage(layer: Layer) -> str:
    """Where in its block a layer stands, in words."""
    if "pool" in layer.operation:
        return f"after pooling ({layer.operation.removesuffix('_with_indices')})"
    return next((words for kinds, words in STAGES if layer.operation in kinds), f"after {layer.operation}")


def _layer(layer: Layer, block: str, values: np.ndarray) -> LayerMaps:
    kernel = layer.kernel if layer.operation in CONVOLUTIONS else ""
    return LayerMaps(layer.name, block, stage(layer), kernel, layer.field.size, values[0])


def _pixels(model: Model, image: Any) -> np.ndarray:
    """What the network is shown; a finished float input has no pixels, and is drawn with zero at mid-grey."""
    if isinstance(image, Tensor) or image.dtype.kind == "f":
        return signed(np.moveaxis(torch.as_tensor(image).numpy(), 0, 2)).pixels
    return model.pixels(image)


def _named(model: Model, values: dict[str, np.ndarray]) -> tuple[tuple[str, float], ...]:
    return model.likeliest(torch.from_numpy(values[model.output]), NAMED) if model.output in values else ()
