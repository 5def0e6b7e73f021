"""Region rules of operations that rearrange dimensions and take parts of them."""

from math import prod
from typing import Any

from convscope.model.axis import Axis, taken
from convscope.model.region import Known, Region, join
from convscope.model.tape import Call


def reshaped(known: Known, call: Call, slot: int) -> Region | None:
    """view, reshape, flatten: an axis survives where the sizes before and behind it stay in place."""
    region = known.of(call)
    if region is None:
        return None
    before, after = call.arguments["input"].shape, call.shape
    # a vector's numbers see what the whole map sees; elsewhere a lost axis has been cut up or mixed with others
    kept = all(_survives(axis, before, after) for axis in (region.rows, region.columns))
    exact = kept or len(after) == 2 < len(before)

    def change(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        place = _place(axis.dim, before, after)
        return axis.hull() if place is None else axis.along(place)

    return region.map(change, exact=exact)


def _survives(axis: Axis, before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    return axis.dim is None or len(axis) == 1 or _place(axis.dim, before, after) is not None


def _place(dim: int, before: tuple[int, ...], after: tuple[int, ...]) -> int | None:
    """Where a dimension is after a reshape: it has the same length, and as much lies behind it."""
    inner, length = prod(before[dim + 1 :]), before[dim]
    places = [d for d in range(len(after)) if after[d] == length and prod(after[d + 1 :]) == inner]
    return dim if dim in places else next(iter(places), None)


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
    """Indexing with slices, integers, None and ellipsis."""
    region, index = known.of(call), call.arguments.get("index")
    if region is None:
        return None
    rank = len(call.arguments["input"].shape)
    steps: list[Any] = list(index) if isinstance(index, tuple) else [index]
    if any(not isinstance(step, slice | int | type(...) | None) or isinstance(step, bool) for step in steps):
        return None
    named = sum(step is not None and step is not ... for step in steps)
    hole = steps.index(...) if ... in steps else len(steps)
    steps[hole : hole + 1] = [slice(None)] * (rank - named)

    def change(axis: Axis) -> Axis:
        if axis.dim is None:
            return axis
        place = [at for at, step in enumerate(steps) if step is not None][axis.dim]
        step, dim = steps[place], place - sum(isinstance(s, int) for s in steps[:place])
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


def narrowed(known: Known, call: Call, slot: int) -> Region | None:
    """narrow: some neighbours along one dimension."""
    region, dim, start = known.of(call), call.arguments.get("dim"), call.arguments.get("start")
    if region is None or not isinstance(dim, int) or not isinstance(start, int):
        return None
    dim %= len(call.shape)
    steps = slice(start, start + call.shape[dim])
    return region.map(lambda axis: taken(axis, steps) if axis.dim == dim else axis)


def unbound(known: Known, call: Call, slot: int) -> Region | None:
    """unbind and select: a dimension that is not an image axis goes."""
    region, dim = known.of(call), call.arguments.get("dim", 0)
    if region is None or not isinstance(dim, int):
        return None
    dim %= len(call.shape) + 1
    if dim in (region.rows.dim, region.columns.dim):
        return None
    return region.map(lambda axis: axis.along(None if axis.dim is None else axis.dim - (axis.dim > dim)))


def flipped(known: Known, call: Call, slot: int) -> Region | None:
    """flip: positions in the other order."""
    region, dims = known.of(call), call.arguments.get("dims")
    if region is None or not isinstance(dims, tuple | int):
        return None
    turned = {d % len(call.shape) for d in (dims if isinstance(dims, tuple) else (dims,))}
    return region.map(lambda axis: taken(axis, slice(None, None, -1)) if axis.dim in turned else axis)


def stacked(known: Known, call: Call, slot: int) -> Region | None:
    """stack: a new dimension before, between or behind the image axes."""
    dim = call.arguments.get("dim", 0)
    if not isinstance(dim, int):
        return None
    dim %= len(call.shape)
    region = join([known.regions[value] for value in call.inputs if value in known.regions])
    return region and region.map(
        lambda axis: axis.along(None if axis.dim is None else axis.dim + (axis.dim >= dim))
    )
