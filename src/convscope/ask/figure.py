"""The figure of every course on convolutional networks, drawn from what really happens to one photo."""

from collections.abc import Iterator
from math import log2
from typing import Any

import numpy as np
import torch
from PIL import Image

from convscope.ask.look import read_image
from convscope.model.measure import outputs
from convscope.model.model import Model
from convscope.model.stages import Stage, stages
from convscope.model.summary import summary
from convscope.plain.boxes import Box
from convscope.plain.field import Field
from convscope.plain.figure import Column, Figure, Stack
from convscope.plain.ramp import Ramp
from convscope.plain.render import full_scale, signed, unsigned

FINEST = 112  # pixels of an embedded map; a larger one is averaged down to it
ROWS = 64  # of a column
LIKELIEST = 5
Shape = tuple[int, ...]


def figure(model: Any, photo: Any) -> Figure:
    """The typical-architecture figure of ``model``, made from its real activations for one photo.

    ``model`` is anything that ``open_model`` opens, ``photo`` a file or a uint8 array. Raises BadModel,
    BadImages, UnknownName.

    >>> cs.figure("runs/photos", "photo.jpg").save("net.svg")  # doctest: +SKIP
    """
    from convscope.nets.open import open_model

    opened = open_model(model)
    image = read_image(photo)
    plan = stages(opened)
    layers = {*(stage.layer.name for stage in plan), opened.output}
    found = outputs(opened, opened.preprocess(image)[None], layers)
    values = {name: value[0] for name, value in found.items()}
    return Figure(
        title=opened.name,
        subtitle=_subtitle(opened),
        photo=opened.pixels(image),
        pictures=tuple(_pictures(opened, plan, values)),
        classes=opened.likeliest(torch.from_numpy(found[opened.output]), LIKELIEST),
        notes=opened.notes,
    )


def _subtitle(model: Model) -> str:
    table, fit = summary(model), model.fit
    return (
        f"{fit.height} × {fit.width} × {fit.channels} in, {len(model.classes)} classes out, "
        f"{table.parameters:,} parameters, {table.multiply_adds:,} multiply-adds"
    )


def _pictures(
    model: Model, plan: tuple[Stage, ...], values: dict[str, np.ndarray]
) -> Iterator[Stack | Column]:
    before: Field | None = None
    size: Shape = (model.fit.height, model.fit.width)
    for stage in plan:
        value = values[stage.layer.name]
        if stage.is_vector:
            yield _column(stage, value.ravel())
            continue
        yield _stack(stage, value, before, size)
        before, size = stage.layer.field, value.shape[1:]


def _stack(stage: Stage, maps: np.ndarray, before: Field | None, size: Shape) -> Stack:
    channels, height, width = maps.shape
    order = liveliest(maps)[: sheets_of(channels)]
    y, x = np.unravel_index(maps[order[0]].argmax(), (height, width))
    cell = Box(x / width, y / height, (x + 1) / width, (y + 1) / height)
    levels, ramp, scale = leveled(np.stack([_small_enough(maps[channel]) for channel in order]))
    return Stack(
        stage.name, (height, width, channels), stage.steps, stage.folded, tuple(levels),
        tuple(map(int, order)), ramp, scale, cell, seen(before, stage.layer.field, (int(y), int(x)), size),
    )  # fmt: skip


def liveliest(maps: np.ndarray) -> np.ndarray:
    """Channels by how much their maps vary, most first: the mean distance of a map from its own mean.

    A maximum would favour single pixels, often at the border; a mean would favour flat maps.
    """
    centred = maps - maps.mean(axis=(1, 2), keepdims=True)
    return np.argsort(-np.abs(centred).mean(axis=(1, 2)), kind="stable")


def sheets_of(channels: int) -> int:
    """How many maps stand for so many channels: more for more, in logarithmic steps.

    >>> [sheets_of(channels) for channels in (1, 3, 16, 64, 256, 2048)]
    [1, 2, 3, 5, 6, 8]
    """
    return min(channels, 1 + round(0.6 * log2(channels)))


def _small_enough(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    scale = FINEST / max(height, width)
    if scale >= 1:
        return values
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BOX))


def leveled(values: np.ndarray) -> tuple[np.ndarray, Ramp, float]:
    """uint8 levels of a colour ramp, the ramp, and the value drawn as full colour.

    One scale for all of them: the 99.5th percentile of the absolute values that are not zero.
    """
    scale = full_scale(values)
    if values.min(initial=0) >= 0:
        return unsigned(values, scale), "positive", scale
    flat = signed(values.reshape(-1, 1, 1), scale).pixels[:, :, 0]
    return flat.reshape(values.shape), "signed", scale


def seen(before: Field | None, after: Field, place: tuple[int, int], size: Shape) -> Box | None:
    """What one position of a map looks at in the picture before it, as shares of that picture's ``size``.

    ``before`` is None for the photo. None where either field follows no single formula.
    """
    start, stride, reach = (
        ((0, 0), (1, 1), (1, 1)) if before is None else (before.start, before.stride, before.size)
    )
    if after.start is None or after.stride is None or start is None or stride is None or not after.exact:
        return None
    edges = []
    for axis in (0, 1):
        first = (after.start[axis] + place[axis] * after.stride[axis] - start[axis]) / stride[axis]
        count = (after.size[axis] - reach[axis]) / stride[axis] + 1
        edges.append((max(first, 0) / size[axis], min(first + count, size[axis]) / size[axis]))
    (top, bottom), (left, right) = edges
    return Box(left, top, right, bottom) if left < right and top < bottom else None


def _column(stage: Stage, units: np.ndarray) -> Column:
    bins = np.array_split(units, min(len(units), ROWS))
    strongest = np.array([part[np.abs(part).argmax()] for part in bins])
    levels, ramp, scale = leveled(strongest)
    return Column(stage.name, len(units), stage.steps, stage.folded, levels, ramp, scale)
