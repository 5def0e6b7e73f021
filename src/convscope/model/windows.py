"""Region rules of operations that slide, resample or pad the image axes."""

from collections.abc import Callable

import numpy as np

from convscope.arithmetic.convolution import padding_amounts
from convscope.model.axis import Axis, bins, gather, sampled, transposed_window, window
from convscope.model.region import Known, Region, lies_along, pair
from convscope.model.tape import Call, Ref


def sliding(known: Known, call: Call, slot: int) -> Region | None:
    """Convolutions and pools with a window; one that slides over channels leaves the image axes alone."""
    region, arguments = known.of(call), call.arguments
    if region is None or len(call.shape) != 4 or not lies_along(region, 2, 3):
        return region if region is not None and lies_along(region) else None
    weight = arguments.get("weight")
    kernel = weight.shape[2:] if isinstance(weight, Ref) else pair(arguments.get("kernel_size"))
    strides = pair(arguments.get("stride"), 1 if isinstance(weight, Ref) else kernel)
    dilations, padding = pair(arguments.get("dilation"), 1), arguments.get("padding", 0)
    axes = []
    for i, axis in enumerate((region.rows, region.columns)):
        named = padding if isinstance(padding, str) else pair(padding, 0)[i]
        before = padding_amounts(len(axis), kernel[i], strides[i], dilations[i], named)[0]
        axes.append(window(axis, call.shape[2 + i], kernel[i], strides[i], before, dilations[i]))
    return Region(axes[0], axes[1], region.exact)


def transposed(known: Known, call: Call, slot: int) -> Region | None:
    """Transposed convolution of image axes."""
    region, arguments = known.of(call), call.arguments
    if region is None or len(call.shape) != 4 or not lies_along(region, 2, 3):
        return None
    kernel = arguments["weight"].shape[2:]
    settings = [
        pair(arguments.get(name), default)
        for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))
    ]
    axes = [
        transposed_window(axis, call.shape[2 + i], kernel[i], *(setting[i] for setting in settings))
        for i, axis in enumerate((region.rows, region.columns))
    ]
    return Region(axes[0], axes[1], region.exact)


def adaptive(known: Known, call: Call, slot: int) -> Region | None:
    """Adaptive pools: bins of uneven width, from floor(i n / m) to ceil((i + 1) n / m)."""
    region = known.of(call)
    if region is None or region.rows.dim is None or region.columns.dim is None:
        return None
    rows, columns = region.rows, region.columns
    return Region(
        bins(rows, call.shape[region.rows.dim]), bins(columns, call.shape[region.columns.dim]), region.exact
    )


def padded(known: Known, call: Call, slot: int) -> Region | None:
    """Constant, reflected, replicated and circular padding of image axes; cropping where negative."""
    region, amounts = known.of(call), call.arguments.get("pad")
    if region is None or not isinstance(amounts, tuple):
        return None
    mode, rank = call.arguments.get("mode", "constant"), len(call.shape)

    def change(axis: Axis) -> Axis:
        place = None if axis.dim is None else (rank - 1 - axis.dim) * 2
        if place is None or place >= len(amounts):
            return axis
        before, after = amounts[place], amounts[place + 1]
        positions = np.arange(-before, len(axis) + after)
        return gather(axis, PAD_MODES[mode](positions, len(axis)), before)

    return region.map(change) if mode in PAD_MODES else None


PAD_MODES: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "constant": lambda at, n: at,
    "replicate": lambda at, n: np.clip(at, 0, n - 1),
    "circular": lambda at, n: at % n,
    "reflect": lambda at, n: (n - 1) - np.abs((n - 1) - np.abs(at)),
}


def interpolated(known: Known, call: Call, slot: int) -> Region | None:
    """Resizing to the nearest pixel, or between the two or four nearest of each axis."""
    region, arguments = known.of(call), call.arguments
    mode = arguments.get("mode", "nearest")
    if region is None or len(call.shape) != 4 or mode not in TAPS or arguments.get("antialias"):
        return adaptive(known, call, slot) if mode == "area" and len(call.shape) == 4 else None
    factors = pair(None if arguments.get("recompute_scale_factor") else arguments.get("scale_factor"))
    axes = []
    for axis, factor in zip((region.rows, region.columns), factors, strict=True):
        if axis.dim is None:
            return None
        count = call.shape[axis.dim]
        source = _source(len(axis), count, factor, mode, bool(arguments.get("align_corners")))
        first, last = TAPS[mode]
        axes.append(sampled(axis, np.floor(source).astype(int) + first, np.floor(source).astype(int) + last))
    return Region(axes[0], axes[1], region.exact)


# the pixels read on both sides of where an output position falls
TAPS = {"nearest": (0, 0), "nearest-exact": (0, 0), "bilinear": (0, 1), "bicubic": (-1, 2)}


def _source(length: int, count: int, factor: float | None, mode: str, corners: bool) -> np.ndarray:
    """Where each output position falls on an axis of ``length``, as torch has it."""
    at = np.arange(count)
    if corners:
        return at * ((length - 1) / (count - 1) if count > 1 else 0.0)
    scale = 1 / factor if factor else length / count
    if mode == "nearest":
        return at * scale
    falls = (at + 0.5) * scale - (0.0 if mode == "nearest-exact" else 0.5)
    return np.maximum(falls, 0) if mode == "bilinear" else falls


def shuffled(known: Known, call: Call, slot: int) -> Region | None:
    """pixel_shuffle: r x r neighbours were channels of one position; pixel_unshuffle: become them."""
    region = known.of(call)
    if region is None or len(call.shape) != 4 or not lies_along(region, 2, 3):
        return None

    def change(axis: Axis) -> Axis:
        count = call.shape[axis.dim or 0]
        first = np.arange(count) * len(axis) // count
        return sampled(axis, first, first + max(len(axis) // count, 1) - 1)

    return region.map(change)
