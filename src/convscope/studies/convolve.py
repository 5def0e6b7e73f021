"""The first page of any course on convolutional networks: one kernel, one picture, one sum."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from convscope.arithmetic import sliding
from convscope.arithmetic.convolution import Padding
from convscope.arithmetic.kernels import KERNELS, as_kernel, find_kernel
from convscope.arithmetic.steps import read_steps
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec, UnknownName
from convscope.plain.boxes import Box
from convscope.plain.convolved import Convolved
from convscope.plain.fit import LUMINANCE, match_channels

OF_A_MODEL = re.compile(r"(?:(?P<model>.+):)?(?P<layer>[^:]+):(?P<channel>\d+)")


@dataclass(frozen=True)
class Settings:
    """What was asked of the window; None where the kernel's own is kept."""

    stride: int | None = None
    dilation: int | None = None
    padding: Padding | None = None

    def applied(self, window: Window) -> Window:
        """A window with what was asked in place of its own."""
        asked = {name: value for name, value in vars(self).items() if value is not None}
        return replace(window, **asked)


@dataclass(frozen=True, eq=False)
class Operands:
    """Input ``[C, H, W]``, kernel ``[C, kh, kw]``, and how they are shown, before anything is computed."""

    name: str
    picture: np.ndarray
    input: np.ndarray
    channels: tuple[str, ...]
    kernel: np.ndarray
    bias: float
    rows: Window
    columns: Window
    notes: tuple[str, ...]
    field: Any = None  # of the layer that is read; None where that is the picture


def convolve(
    picture: Any,
    kernel: Any,
    *,
    stride: int | None = None,
    padding: Padding | None = None,
    dilation: int | None = None,
    then: str | Iterable[str] = (),
    at: tuple[int, int] | None = None,
    bias: float | None = None,
    model: Any = None,
    weights: str | Path | None = None,
) -> Convolved:
    """Slide one kernel over one picture and show the arithmetic.

    ``picture`` is a file, or numbers ``[h, w]`` or ``[h, w, channels]``, taken as they are (0 to 255 in a
    file). ``kernel`` is a name such as ``sobel-x``, a file of numbers, an array ``[k, k]`` or
    ``[channels, k, k]``, or ``MODEL:LAYER:CHANNEL`` (``LAYER:CHANNEL`` beside ``model``): then the input is
    what that layer receives for the picture, and stride, padding, dilation and bias are the layer's own
    unless given; ``weights`` are as for ``open_model``. ``padding`` is valid, same, full, causal, pixels per side or (before, after). ``then`` are
    steps such as ``relu,max2``; ``at`` is (y, x) in the map, the strongest position where not given.
    A flat kernel reads a colour picture's luminance. Raises BadSpec, UnknownName, BadImages, BadModel.

    >>> seen = convolve(np.eye(4), [[1, 0], [0, 1]])
    >>> seen.map.shape, seen.position, seen.value
    ((3, 3), (0, 0), 2.0)
    """
    pixels, name, notes = _opened(picture)
    operands = _operands(pixels, kernel, model, weights)
    settings = Settings(stride, dilation, padding)
    operands = replace(
        operands,
        rows=settings.applied(operands.rows),
        columns=settings.applied(operands.columns),
        bias=operands.bias if bias is None else float(bias),
        notes=(*notes, *operands.notes),
    )
    return _worked(operands, name, then, at)


def _worked(
    operands: Operands, name: str, then: str | Iterable[str], at: tuple[int, int] | None
) -> Convolved:
    rows, columns = operands.rows, operands.columns
    _check_fit(operands)
    steps = read_steps(then)
    found = sliding.convolve(operands.input, operands.kernel, rows, columns) + operands.bias
    maps = [found]
    for step in steps:
        maps.append(step(maps[-1]))
    position = _position(found, at)
    box = _seen(operands, position)
    return Convolved(
        f"{operands.name} on {name}", operands.picture, box, operands.input, operands.channels, operands.kernel,
        operands.bias, rows, columns, found, steps, tuple(maps[1:]), position, operands.notes,
    )  # fmt: skip


def _check_fit(operands: Operands) -> None:
    windows, shape = (operands.rows, operands.columns), operands.input.shape[1:]
    if 0 in (window.outputs(n) for window, n in zip(windows, shape, strict=True)):
        reach = " x ".join(str(window.reach) for window in windows)
        size = " x ".join(map(str, shape))
        raise BadSpec(
            f"the kernel spans {reach} pixels, the input is {size}: choose a smaller kernel or dilation, "
            "or padding same or full"
        )


def _position(found: np.ndarray, at: tuple[int, int] | None) -> tuple[int, int]:
    height, width = found.shape
    if at is None:
        y, x = np.unravel_index(int(found.argmax()), found.shape)
        return int(y), int(x)
    if not (0 <= at[0] < height and 0 <= at[1] < width):
        hint = f"the map has rows 0 to {height - 1}, columns 0 to {width - 1}."
        raise UnknownName("position", f"{at[0]},{at[1]}", (), hint)
    return at


def _seen(operands: Operands, position: tuple[int, int]) -> Box:
    """The pixels of the picture that the window sees, clipped to it."""
    spans = []
    for at, window, n in zip(
        position, (operands.rows, operands.columns), operands.input.shape[1:], strict=True
    ):
        start = window.start(at, n)
        spans.append((max(start, 0), max(min(start + window.reach, n), 1)))
    (top, bottom), (left, right) = ((min(a, b - 1), b) for a, b in spans)
    if operands.field is None:
        return Box(left, top, right, bottom)
    first, last = operands.field.at(top, left), operands.field.at(bottom - 1, right - 1)
    return Box(
        min(first.left, last.left), min(first.top, last.top),
        max(first.right, last.right), max(first.bottom, last.bottom),
    )  # fmt: skip


# --- the picture


def _opened(picture: Any) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """Numbers ``[h, w, channels]``, a name, and what should be said of them."""
    if isinstance(picture, str | Path):
        from convscope.images import open_images

        images = open_images(picture)
        notes = (f"the first of {len(images)} pictures",) if len(images) > 1 else ()
        name = Path(images.ids[0]).name if len(images) == 1 else f"{images.ids[0]} of {images.name}"
        return images[0], name, notes
    numbers = np.asarray(picture)
    numbers = numbers[:, :, None] if numbers.ndim == 2 else numbers
    if numbers.ndim != 3 or numbers.size == 0 or numbers.dtype.kind not in "uifb":
        raise BadSpec(
            f"a picture is a file or numbers [height, width] or [height, width, channels], not shape {numbers.shape}"
        )
    return numbers, f"{numbers.shape[0]} x {numbers.shape[1]} numbers", ()


def _shown(numbers: np.ndarray) -> np.ndarray:
    """uint8 ``[h, w, 1 or 3]`` to look at: bytes as they are, other numbers from least to most."""
    colours = numbers if numbers.shape[2] in (1, 3) else numbers[:, :, :1]
    if colours.dtype == np.uint8:
        return colours
    low, high = float(colours.min()), float(colours.max())
    return np.rint((colours - low) / ((high - low) or 1) * 255).astype(np.uint8)


# --- the kernel


def _operands(pixels: np.ndarray, kernel: Any, model: Any, file: str | Path | None) -> Operands:
    if isinstance(kernel, str | Path):
        text = str(kernel)
        found = OF_A_MODEL.fullmatch(text)
        if model is not None or (
            found and found["model"] and text not in KERNELS and not Path(text).is_file()
        ):
            return _of_model(pixels, text, model, file)
        weights, name = find_kernel(text), text if text in KERNELS else Path(text).name
    else:
        weights, name = as_kernel(kernel), "kernel"
    return _of_numbers(pixels, weights, name)


def _of_numbers(pixels: np.ndarray, weights: np.ndarray, name: str) -> Operands:
    pixels, notes = _for_kernel(pixels, weights)
    kernel = weights if weights.ndim == 3 else weights[None]
    input_ = np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.float64)
    names = (
        ("red", "green", "blue") if len(input_) == 3 else tuple(f"channel {c}" for c in range(len(input_)))
    )
    rows, columns = (Window(int(size)) for size in kernel.shape[1:])
    return Operands(name, _shown(pixels), input_, names, kernel, 0.0, rows, columns, notes)


def _for_kernel(pixels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Pixels with as many channels as the kernel has, and what was done to them."""
    channels = len(weights) if weights.ndim == 3 else 1
    if pixels.shape[2] == channels:
        note = ("each channel has its own weights; their products are summed",) if channels > 1 else ()
        return pixels, note
    if channels == 1 and pixels.shape[2] == 3:
        note = ("colour to luminance, 0.299 red + 0.587 green + 0.114 blue, because the kernel is flat",)
        return (
            match_channels(pixels, 1) if pixels.dtype == np.uint8 else pixels @ (LUMINANCE / 1000)[:, None]
        ), note
    if pixels.shape[2] == 1 and channels == 3:
        return np.repeat(pixels, 3, axis=2), ("the grey picture is read as red, green and blue alike",)
    raise BadSpec(
        f"the kernel has weights for {channels} channels, the picture has {pixels.shape[2]}: give one matrix, or one a channel"
    )


# --- the kernel of a network


def _of_model(image: Any, text: str, model: Any, file: str | Path | None) -> Operands:
    from convscope.nets.open import open_model
    from convscope.studies.received import received

    found = OF_A_MODEL.fullmatch(text)
    if not found:
        raise BadSpec(f"cannot read kernel {text!r} of a model: write LAYER:CHANNEL, for example conv1:3")
    opened = open_model(found["model"] if model is None else model, weights=file)
    got = received(opened, found["layer"], int(found["channel"]), image)
    return Operands(
        name=f"{got.layer}:{found['channel']} of {opened.name}",
        picture=opened.pixels(image) if image.dtype == np.uint8 else _shown(image),
        input=got.input,
        channels=_channel_names(got.source, got.channels, opened.fit.channels),
        kernel=got.kernel,
        bias=got.bias,
        rows=got.rows,
        columns=got.columns,
        notes=tuple(_model_notes(got, found["layer"], opened)),
        field=got.field,
    )


def _channel_names(source: str, channels: range, pixels: int) -> tuple[str, ...]:
    if not source and pixels == 3:
        return tuple(("red", "green", "blue")[channel] for channel in channels)
    return tuple(f"{source or 'channel'}:{channel}" for channel in channels)


def _model_notes(got: Any, asked: str, model: Any) -> Iterable[str]:
    if got.layer != asked:
        yield f"{asked} ends the chain of the convolution {got.layer}, which is shown before what follows it"
    if got.source:
        yield f"the input is what {got.source} gives for this picture, {len(got.input)} channels"
    else:
        yield "the input is the picture as the network normalises it, (pixel / 255 - mean) / std"
    yield from model.notes
