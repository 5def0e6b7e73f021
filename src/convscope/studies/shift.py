"""How much every layer, and the answer, changes when the picture is moved by a few pixels.

After figure 5 of Zeiler & Fergus 2014 (arXiv 1311.2901), for small shifts and any layer, beside a second
network where one is given: usually the same with strided convolutions in place of its pools.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.errors import BadModel, BadSpec
from convscope.images import open_images
from convscope.model.layer import Layer
from convscope.model.model import Model, class_scores
from convscope.model.reading import read
from convscope.nets.open import open_model
from convscope.plain.overrides import with_overrides
from convscope.plain.shifts import LayerChange, Reaction, Shift, Shifts


def shift(
    model: Any, pictures: Any, *, twin: Any = None, settings: Shift | None = None, **overrides: Any
) -> Shifts:
    """Shift each picture and measure every stage of ``model``, and of ``twin`` where one is given.

    Both are a ``Model`` or anything ``open_model`` takes; ``pictures`` are one file, a folder, one uint8
    array or anything ``open_images`` takes; ``overrides`` are fields of ``Shift``. Raises BadSpec where a
    shift moves a picture out of sight, BadModel where the two networks' inputs differ in size, BadImages.

    >>> seen = shift("runs/photos", "photos/", twin="runs/photos-strided", by="0..4")  # doctest: +SKIP
    >>> seen.model.layers["relu1"].change.mean(axis=0)  # doctest: +SKIP
    """
    settings = with_overrides(settings or Shift(), overrides)
    first = open_model(model)
    second = None if twin is None else open_model(twin)
    check(settings, first, second)
    inputs, ids, of = _inputs(pictures, settings)
    return Shifts(
        settings, ids, of, (first.fit.height, first.fit.width),
        react(first, inputs, settings), None if second is None else react(second, inputs, settings),
        _example(first, inputs[0], settings),
    )  # fmt: skip


def react(model: Model, inputs: list[Any], settings: Shift) -> Reaction:
    """One network's reaction to all shifts of all pictures."""
    names = stages(model)
    changes: dict[str, list[np.ndarray]] = {name: [] for name in names}
    aligned: dict[str, list[np.ndarray]] = {name: [] for name in names}
    scores: list[Tensor] = []

    def reader(layer: Layer) -> Callable[[Tensor], None]:
        def look(output: Tensor) -> None:
            changes[layer.name].append(change(output))
            aligned[layer.name].append(aligned_change(output, layer, settings))
            if layer.name == model.output:
                scores.append(model.shares(class_scores(output)).double().cpu())

        return look

    for picture in inputs:
        batch = shifted(model.preprocess(picture), (0, *settings.steps), settings)
        read(model, batch.to(model.device), {name: reader(model.layer(name)) for name in names})
    layers = {
        name: LayerChange(
            name, model.layer(name).shape, model.layer(name).field.stride,
            np.stack(changes[name]), np.stack(aligned[name]),
        )
        for name in names
    }  # fmt: skip
    return Reaction(model.name, model.parameters, layers, *_answers(torch.stack(scores)), model.notes)


def _example(model: Model, picture: Any, settings: Shift) -> np.ndarray | None:
    if isinstance(picture, Tensor) or picture.dtype.kind == "f":
        return None
    pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(model.pixels(picture), 2, 0)))
    return np.moveaxis(shifted(pixels, settings.steps, settings).numpy(), 1, 3)


def stages(model: Model) -> list[str]:
    """The layers that are measured: the end of every chain, every pooling, and last the class scores."""
    return [
        layer.name
        for layer in model.layers.values()
        if layer.name != model.output and (layer.name in model.surveyed or "pool" in layer.operation)
    ] + [model.output]


def shifted(picture: Tensor, steps: tuple[int, ...], settings: Shift) -> Tensor:
    """``[C, H, W]`` moved by each step, ``[steps, C, H, W]``; the freed edge is filled as the settings say."""
    height, width = picture.shape[1:]
    moved = []
    for step in steps:
        down, right = _vector(step, settings)
        wide = np.pad(picture.numpy(), ((0, 0), (down, 0), (right, 0)), mode=settings.border)
        moved.append(wide[:, :height, :width])
    return torch.from_numpy(np.ascontiguousarray(np.stack(moved)))


def change(output: Tensor) -> np.ndarray:
    """Relative change ``[n]`` of ``output[1:]`` from ``output[0]``, in float64."""
    return relative(output[1:], output[:1].expand_as(output[1:]))


def aligned_change(output: Tensor, layer: Layer, settings: Shift) -> np.ndarray:
    """Relative change ``[n]`` once each map has been moved back; NaN where that takes part of a position."""
    found = np.full(len(settings.steps), np.nan)
    stride = layer.field.stride
    if output.ndim != 4 or stride is None or 0 in stride:  # a single position has no step
        return found
    height, width = output.shape[2:]
    for place, step in enumerate(settings.steps):
        moves = [divmod(way, jump) for way, jump in zip(_vector(step, settings), stride, strict=True)]
        (down, rest_y), (right, rest_x) = moves
        if not rest_y and not rest_x and down < height and right < width:
            now = output[place + 1 : place + 2, :, down:, right:]
            found[place] = relative(now, output[:1, :, : height - down, : width - right])[0]
    return found


def relative(now: Tensor, before: Tensor) -> np.ndarray:
    """Distance over the norm of ``before``, for each of ``[n, ...]``; NaN where only ``before`` is all zero."""
    then = before.flatten(1).double()
    distance = (now.flatten(1).double() - then).norm(dim=1)
    norm = then.norm(dim=1)
    share = torch.where(norm > 0, distance / norm, torch.where(distance > 0, torch.nan, 0.0))
    return share.cpu().numpy()


def _answers(shares: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """(probability of the class named unshifted, whether it is still named) of ``[pictures, 1 + shifts, classes]``."""
    named = shares[:, 0].argmax(1)
    probability = shares[:, 1:].gather(2, named[:, None, None].expand(-1, shares.shape[1] - 1, 1))[:, :, 0]
    return probability.numpy(), (shares[:, 1:].argmax(2) == named[:, None]).numpy()


def _vector(step: int, settings: Shift) -> tuple[int, int]:
    """(down, right) in pixels."""
    return (step if settings.axis != "x" else 0), (step if settings.axis != "y" else 0)


def _inputs(pictures: Any, settings: Shift) -> tuple[list[Any], tuple[str, ...], int]:
    """The pictures to shift, their ids, and of how many they are."""
    if isinstance(pictures, Tensor | np.ndarray) and pictures.ndim == 3:
        return [pictures], ("picture",), 1
    images = open_images(pictures)
    images = images if settings.split == "all" else images.split(settings.split)
    images = images.sorted_by_id()
    rows = np.unique(np.linspace(0, len(images) - 1, min(settings.sample, len(images))).round().astype(int))
    chosen = images.subset(rows)
    return [chosen[row] for row in range(len(chosen))], chosen.ids, len(images)


def check(settings: Shift, model: Model, twin: Model | None = None) -> None:
    """Raises BadSpec where a shift moves the picture out of sight, BadModel where the twin's input has another size."""
    height, width = model.fit.height, model.fit.width
    room = {"x": width, "y": height, "both": min(height, width)}[settings.axis]
    if settings.steps[-1] >= room:
        raise BadSpec(
            f"a shift by {settings.steps[-1]} pixels moves the {height}x{width} picture that {model.name} is shown "
            f"out of sight: choose 0 to {room - 1}"
        )
    if twin is not None and (twin.fit.height, twin.fit.width) != (height, width):
        raise BadModel(
            f"{twin.name} is shown {twin.fit.height}x{twin.fit.width} pixels, {model.name} {height}x{width}: a shift "
            "by a pixel is not the same for both. Train a twin with --train-twin."
        )
