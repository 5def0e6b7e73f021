"""The region rule of every operation: which positions of its inputs can an output see."""

from collections.abc import Callable, Collection

from convscope.model.axis import Axis
from convscope.model.operations import CONVOLUTIONS, POINTWISE
from convscope.model.region import Known, Region, everywhere, join
from convscope.model.shapes import (
    flipped,
    narrowed,
    parted,
    permuted,
    reshaped,
    sliced,
    squeezed,
    stacked,
    swapped,
    unbound,
)  # fmt: skip
from convscope.model.tape import Call, Ref
from convscope.model.windows import adaptive, interpolated, padded, shuffled, sliding, transposed


def region_of(known: Known, call: Call, slot: int) -> Region | None:
    """The region of one output of a call; where no rule fits, all that any input sees.

    That is inexact for maps; a vector has no positions that an operation could mix.
    """
    inputs = known.inputs(call)
    if not inputs:
        return None
    if call.aliased:  # what was written into which part of it is not known
        return everywhere(inputs)
    rule = RULES.get(call.operation, pointwise if call.operation in POINTWISE else None)
    region = rule(known, call, slot) if rule else None
    return region if region is not None else everywhere(inputs)


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
    return _mixed(region, call, (dim % len(call.shape),))


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
    if isinstance(dims, Ref):  # torch.max(x, y)
        return pointwise(known, call, slot)
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


def _mixed(region: Region, call: Call, dims: Collection[int]) -> Region:
    """Every position along some dimensions of the result sees what all of the input along them see."""

    def change(axis: Axis) -> Axis:
        return axis.spread(call.shape[axis.dim]) if axis.dim is not None and axis.dim in dims else axis

    return region.map(change)


def dense(known: Known, call: Call, slot: int) -> Region | None:
    """A linear layer mixes the last dimension only."""
    region = known.of(call)
    return region and _mixed(region, call, (len(call.shape) - 1,))


def normalised(known: Known, call: Call, slot: int) -> Region | None:
    """Layer norm mixes the dimensions it normalises over; group and instance norm mix the whole image."""
    region = known.of(call)
    if region is None:
        return None
    rank = len(call.shape)
    over = len(call.arguments["normalized_shape"]) if "normalized_shape" in call.arguments else rank - 1
    return _mixed(region, call, range(rank - over, rank))


def batch_normalised(known: Known, call: Call, slot: int) -> Region | None:
    """With the statistics of training element by element; with the image's own, over the whole image."""
    region = known.of(call)
    own = region is not None and call.arguments.get("training", False)
    return _mixed(region, call, range(2, len(call.shape))) if region and own else region


def mixed_last(known: Known, call: Call, slot: int) -> Region | None:
    """A product with a matrix of weights mixes the last dimension only."""
    other = call.arguments.get("other")
    constant = isinstance(other, Ref) and other.value not in known.regions
    return dense(known, call, slot) if constant and known.of(call) else None


def unchanged(known: Known, call: Call, slot: int) -> Region | None:
    return known.of(call)


RULES: dict[str, Callable[[Known, Call, int], Region | None]] = {
    **dict.fromkeys(
        CONVOLUTIONS | {"max_pool2d", "max_pool2d_with_indices", "avg_pool2d", "lp_pool2d"}, sliding
    ),
    **dict.fromkeys(("adaptive_max_pool2d", "adaptive_avg_pool2d"), adaptive),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "prod", "std", "var", "max", "min", "norm"), reduced),
    **dict.fromkeys(("var_mean", "std_mean", "argmax", "logsumexp"), reduced),
    **dict.fromkeys(("interpolate", "upsample", "upsample_nearest", "upsample_bilinear"), interpolated),
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), shuffled),
    **dict.fromkeys(("unbind", "select"), unbound),
    "batch_norm": batch_normalised,
    "narrow": narrowed,
    "flip": flipped,
    "matmul": mixed_last,
    **dict.fromkeys(("view", "reshape", "flatten", "unflatten", "view_as", "reshape_as"), reshaped),
    **dict.fromkeys(("squeeze", "unsqueeze"), squeezed),
    **dict.fromkeys(("chunk", "split", "tensor_split"), parted),
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm", "rms_norm"), normalised),
    **dict.fromkeys(("softmax", "log_softmax"), softmax),
    "conv_transpose2d": transposed,
    "pad": padded,
    "cat": concatenated,
    "stack": stacked,
    "permute": permuted,
    "transpose": swapped,
    "slice": sliced,
    "linear": dense,
    "channel_shuffle": unchanged,
    "expand": pointwise,
    "expand_as": pointwise,
}
