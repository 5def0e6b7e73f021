"""One image axis of a value: which input pixels each position along it can see."""

from dataclasses import dataclass, replace

import numpy as np

NOTHING = np.iinfo(np.int64).max // 2  # the lowest pixel of a position that sees none


@dataclass(frozen=True, eq=False)
class Axis:
    """One image axis of a value: ``dim`` of the tensor it runs along (None: seen by every element alike).

    ``low`` and ``high`` are the first and last input pixel seen by each position. ``formula`` is
    (start, stride, size) before clipping, None where no single formula holds.
    """

    dim: int | None
    low: np.ndarray
    high: np.ndarray
    formula: tuple[int, int, int] | None

    def __len__(self) -> int:
        return len(self.low)

    def hull(self) -> "Axis":
        """What all positions together see."""
        formula = None
        if self.formula is not None:
            start, stride, size = self.formula
            formula = (start, 0, size + (len(self) - 1) * stride)
        return Axis(None, self.low.min(keepdims=True), self.high.max(keepdims=True), formula)

    def spread(self, count: int) -> "Axis":
        """``count`` positions, each of which sees what all together see."""
        whole = self.hull()
        return Axis(self.dim, whole.low.repeat(count), whole.high.repeat(count), whole.formula)

    def along(self, dim: int | None) -> "Axis":
        return replace(self, dim=dim)


def window(axis: Axis, count: int, kernel: int, stride: int, before: int, dilation: int = 1) -> Axis:
    """The axis after a window of ``kernel`` taps slides over it with ``before`` positions of padding."""
    first = np.arange(count) * stride - before
    taps = first[:, None] + np.arange(kernel)[None, :] * dilation
    inside = (taps >= 0) & (taps < len(axis))
    taps = np.clip(taps, 0, len(axis) - 1)
    low = np.where(inside, axis.low[taps], NOTHING).min(axis=1)
    high = np.where(inside, axis.high[taps], -1).max(axis=1)
    formula = None
    if axis.formula is not None:
        start, jump, size = axis.formula
        formula = (start - before * jump, jump * stride, size + (kernel - 1) * dilation * jump)
    return Axis(axis.dim, low, high, formula)


def transposed_window(axis: Axis, count: int, kernel: int, stride: int, before: int, dilation: int) -> Axis:
    """The axis after a transposed convolution: each output sees the inputs whose taps land on it."""
    low = np.full(count, NOTHING)
    high = np.full(count, -1)
    for position in range(len(axis)):
        for tap in range(kernel):
            target = position * stride - before + tap * dilation
            if 0 <= target < count:
                low[target] = min(low[target], axis.low[position])
                high[target] = max(high[target], axis.high[position])
    return Axis(axis.dim, low, high, None)


def union(axes: list[Axis]) -> Axis:
    """What values that are added, multiplied or stacked see together; an axis of one position spreads over all."""
    length = max(len(axis) for axis in axes)
    dim = next((axis.dim for axis in axes if axis.dim is not None and len(axis) == length), None)
    low = np.min([np.broadcast_to(axis.low, length) for axis in axes], axis=0)
    high = np.max([np.broadcast_to(axis.high, length) for axis in axes], axis=0)
    return Axis(dim, low, high, _union_formula(axes, length))


def _union_formula(axes: list[Axis], length: int) -> tuple[int, int, int] | None:
    formulas = [axis.formula for axis in axes]
    if any(len(axis) != length for axis in axes) or None in formulas:
        return None
    known = [formula for formula in formulas if formula is not None]
    if len({stride for _, stride, _ in known}) > 1:
        return None
    start = min(start for start, _, _ in known)
    return start, known[0][1], max(first + size for first, _, size in known) - start


def bins(axis: Axis, count: int) -> Axis:
    """Adaptive pooling: ``count`` bins of nearly equal length, which may overlap."""
    length = len(axis)
    if count == 1:
        return axis.hull().along(axis.dim)
    first = np.arange(count) * length // count
    last = -(-(np.arange(count) + 1) * length // count) - 1
    low = np.array([axis.low[a : b + 1].min() for a, b in zip(first, last, strict=True)])
    high = np.array([axis.high[a : b + 1].max() for a, b in zip(first, last, strict=True)])
    formula = None
    if axis.formula is not None and length % count == 0:
        start, stride, size = axis.formula
        each = length // count
        formula = (start, stride * each, size + (each - 1) * stride)
    return Axis(axis.dim, low, high, formula)


def gather(axis: Axis, positions: np.ndarray, before: int) -> Axis:
    """The axis at some positions; one outside it is a constant, which sees nothing."""
    inside = (positions >= 0) & (positions < len(axis))
    positions = np.clip(positions, 0, len(axis) - 1)
    formula = None
    if axis.formula is not None:
        start, stride, size = axis.formula
        formula = (start - before * stride, stride, size)
    low = np.where(inside, axis.low[positions], NOTHING)
    return Axis(axis.dim, low, np.where(inside, axis.high[positions], -1), formula)


def taken(axis: Axis, step: slice | int) -> Axis:
    """The positions that an index leaves."""
    positions = np.arange(len(axis))[step if isinstance(step, slice) else slice(step, step + 1 or None)]
    formula = None
    if axis.formula is not None and len(positions):
        start, stride, size = axis.formula
        jump = int(positions[1] - positions[0]) if len(positions) > 1 else 1
        formula = (start + int(positions[0]) * stride, stride * jump, size)
    return Axis(axis.dim, axis.low[positions], axis.high[positions], formula)


def sampled(axis: Axis, first: np.ndarray, last: np.ndarray) -> Axis:
    """The axis where each position reads from ``first`` to ``last`` of it, as far as they are inside."""
    first, last = (np.clip(end, 0, len(axis) - 1) for end in (first, last))
    low = np.array([axis.low[a : b + 1].min() for a, b in zip(first, last, strict=True)])
    high = np.array([axis.high[a : b + 1].max() for a, b in zip(first, last, strict=True)])
    return Axis(axis.dim, low, high, None)
