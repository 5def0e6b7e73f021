"""The region rule of every operation: which positions of its inputs can an output see."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from convscope.model.axis import Axis, bins, gather, taken, transposed_window, union, window
from convscope.model.operations import CONVOLUTIONS, POINTWISE
from convscope.model.tape import Call, Ref, Value
from convscope.plain.convolution import padding_amounts


@dataclass(frozen=True)
class Region:
    """Where one value looks: its two image axes, and whether every step so far had a rule."""

    rows: Axis
    columns: Axis
    exact: bool = True

    def map(self, change: Callable[[Axis], Axis], *, exact: bool = True) -> "Region":
        return Region(change(self.rows), change(self.columns), self.exact and exact)


@dataclass(frozen=True)
class Known:
    """Regions and shapes of the values seen so far."""

    regions: dict[Value, Region] = field(default_factory=dict)
    shapes: dict[Value, tuple[int, ...]] = field(default_factory=dict)

    def of(self, call: Call, name: str = "input") -> Region | None:
        """The region of an argument; None where it does not depend on the pixels."""
        reference = call.arguments.get(name)
        return self.regions.get(reference.value) if isinstance(reference, Ref) and reference.value else None

    def inputs(self, call: Call) -> list[Region]:
        """The regions of all arguments that depend on the pixels."""
        return [self.regions[value] for value in call.inputs if value in self.regions]


def join(regions: list[Region]) -> Region:
    """What values that meet in one operation see together."""
    return Region(
        union([region.rows for region in regions]),
        union([region.columns for region in regions]),
        all(region.exact for region in regions),
    )


def region_of(known: Known, call: Call, slot: int) -> Region | None:
    """The region of one output of a call; where no rule fits, all that any input sees.

    That is inexact for maps; a vector has no positions that an operation could mix.
    """
    inputs = known.inputs(call)
    if not inputs:
        return None
    rule = RULES.get(call.operation, pointwise if call.operation in POINTWISE else None)
    region = rule(known, call, slot) if rule else None
    if region is not None:
        return region
    return join([r.map(anywhere, exact=r.rows.dim is None and r.columns.dim is None) for r in inputs])


def anywhere(axis: Axis) -> Axis:
    """All that any position sees, by no formula."""
    return replace(axis.hull(), formula=None)


def pair(value: Any, fallback: Any = None) -> tuple[Any, Any]:
    """A setting given once or per axis, as (vertical, horizontal)."""
    if value is None or value == ():
        value = fallback
    if isinstance(value, tuple | list):
        return (value[0], value[-1])
    return (value, value)


def pointwise(known: Known, call: Call, slot: int) -> Region | None:
    """Element by element, with broadcasting; softmax along an image axis mixes that axis."""
    regions = []
    for value in dict.fromkeys(call.inputs):
        if value in known.regions:
            shift = len(call.shape) - len(known.shapes[value])
            regions.append(
                known.regions[value].map(
                    lambda axis, s=shift: axis.along(None if axis.dim is None else axis.dim + s)
                )
            )
    return join(regions)


def softmax(known: Known, call: Call, slot: int) -> Region | None:
    region, dim = known.of(call), call.arguments.get("dim")
    if region is None or dim is None:
        return region
    return _reduce(region, (dim % len(call.shape),), keep=True)


def sliding(known: Known, call: Call, slot: int) -> Region | None:
    """Convolutions and pools with a window."""
    region, arguments = known.of(call), call.arguments
    if region is None or len(call.shape) < 4:
        return None
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
    if region is None:
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


def concatenated(known: Known, call: Call, slot: int) -> Region | None:
    """Along channels: everything any part sees at that place. Along an image axis: end to end."""
    dim = call.arguments.get("dim", 0)
    dim = dim % len(call.shape) if isinstance(dim, int) else 1
    regions = [known.regions[value] for value in call.inputs if value in known.regions]
    if any(axis.dim == dim for region in regions for axis in (region.rows, region.columns)):
        return None
    return join(regions)


def reduced(known: Known, call: Call, slot: int) -> Region | None:
    """mean, sum, amax over some dimensions."""
    region, dims = known.of(call), call.arguments.get("dim")
    if region is None:
        return None
    reference: Ref = call.arguments["input"]
    rank = len(reference.shape)
    if dims is None:
        return region.map(Axis.hull)
    dims = tuple(d % rank for d in (dims if isinstance(dims, tuple) else (dims,)))
    return _reduce(region, dims, keep=bool(call.arguments.get("keepdim", False)))


def _reduce(region: Region, dims: tuple[int, ...], *, keep: bool) -> Region:
    def change(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        if axis.dim in dims:
            return axis.hull().along(axis.dim if keep else None)
        return axis if keep else axis.along(axis.dim - sum(d < axis.dim for d in dims))

    return region.map(change)


def reshaped(known: Known, call: Call, slot: int) -> Region | None:
    """view, reshape, flatten: an axis survives where the sizes before and behind it stay in place."""
    region = known.of(call)
    if region is None:
        return None
    before, after = call.arguments["input"].shape, call.shape

    def change(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        inner, length = prod(before[axis.dim + 1 :]), before[axis.dim]
        for dim in range(len(after)):
            if after[dim] == length and prod(after[dim + 1 :]) == inner:
                return axis.along(dim)
        return axis.hull()

    return region.map(change)


def permuted(known: Known, call: Call, slot: int) -> Region | None:
    """permute: every axis moves to its new dimension."""
    region, dims = known.of(call), call.arguments.get("dims")
    if region is None or not isinstance(dims, tuple):
        return None
    order = [d % len(call.shape) for d in dims]
    return region.map(lambda axis: axis.along(None if axis.dim is None else order.index(axis.dim)))


def swapped(known: Known, call: Call, slot: int) -> Region | None:
    """transpose: two dimensions change places."""
    region, rank = known.of(call), len(call.shape)
    if region is None:
        return None
    first, second = call.arguments["dim0"] % rank, call.arguments["dim1"] % rank
    moved = {first: second, second: first}
    return region.map(lambda axis: axis.along(None if axis.dim is None else moved.get(axis.dim, axis.dim)))


def sliced(known: Known, call: Call, slot: int) -> Region | None:
    """Indexing with slices, integers and ellipsis."""
    region, index = known.of(call), call.arguments.get("index")
    if region is None:
        return None
    rank = len(call.arguments["input"].shape)
    steps: list[Any] = list(index) if isinstance(index, tuple) else [index]
    if any(not isinstance(step, slice | int | type(...)) for step in steps):
        return None
    if ... in steps:
        hole = steps.index(...)
        steps[hole : hole + 1] = [slice(None)] * (rank - len(steps) + 1)
    steps += [slice(None)] * (rank - len(steps))

    def change(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        step, dim = steps[axis.dim], axis.dim - sum(isinstance(s, int) for s in steps[: axis.dim])
        return taken(axis, step).along(None if isinstance(step, int) else dim)

    return region.map(change)


def parted(known: Known, call: Call, slot: int) -> Region | None:
    """chunk and split: along channels every part sees the same."""
    region, dim = known.of(call), call.arguments.get("dim", 0)
    if region is None or not isinstance(dim, int):
        return None
    dim %= len(call.shape)
    if dim in (region.rows.dim, region.columns.dim):
        return None
    return region


def squeezed(known: Known, call: Call, slot: int) -> Region | None:
    """squeeze and unsqueeze are reshapes that never merge axes."""
    return reshaped(known, call, slot)


def dense(known: Known, call: Call, slot: int) -> Region | None:
    """A linear layer mixes the last dimension only."""
    region = known.of(call)
    return region and _reduce(region, (len(call.shape) - 1,), keep=True)


def normalised(known: Known, call: Call, slot: int) -> Region | None:
    """Layer norm mixes the dimensions it normalises over; group and instance norm mix the whole image."""
    region = known.of(call)
    if region is None:
        return None
    rank = len(call.shape)
    over = len(call.arguments["normalized_shape"]) if "normalized_shape" in call.arguments else rank - 1
    return _reduce(region, tuple(range(rank - over, rank)), keep=True)


def unchanged(known: Known, call: Call, slot: int) -> Region | None:
    return known.of(call)


RULES: dict[str, Callable[[Known, Call, int], Region | None]] = {
    **dict.fromkeys(
        CONVOLUTIONS | {"max_pool2d", "max_pool2d_with_indices", "avg_pool2d", "lp_pool2d"}, sliding
    ),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_avg_pool2d"), adaptive),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "prod", "std", "var"), reduced),
    **dict.fromkeys(("view", "reshape", "flatten", "unflatten", "view_as", "reshape_as"), reshaped),
    **dict.fromkeys(("squeeze", "unsqueeze"), squeezed),
    **dict.fromkeys(("chunk", "split", "tensor_split"), parted),
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm", "rms_norm"), normalised),
    **dict.fromkeys(("softmax", "log_softmax"), softmax),
    "conv_transpose2d": transposed,
    "pad": padded,
    "cat": concatenated,
    "permute": permuted,
    "transpose": swapped,
    "slice": sliced,
    "linear": dense,
    "channel_shuffle": unchanged,
    "expand": pointwise,
    "expand_as": pointwise,
}
