"""Receptive fields, derived from the record.

A value of the pass carries one axis for rows and one for columns: for each position along it, the
interval of input pixels that reach it, clipped at every layer as zero padding clips it, and beside that
the textbook recurrence of size, stride and start (Araujo, Norris and Sim, Distill 2019), which ignores borders.
"""

import numpy as np

from convscope.model.axis import Axis
from convscope.model.region import Known, Region
from convscope.model.regions import region_of
from convscope.model.tape import INPUT, Record, Value
from convscope.plain.field import Field


def regions(record: Record) -> dict[Value, Region]:
    """The region of every value of a record that depends on the pixels."""
    pixels = Value(INPUT)
    height, width = record.input_shape[-2:]
    known = Known({pixels: Region(_pixels(2, height), _pixels(3, width))}, {pixels: record.input_shape})
    for call in record.calls:
        for slot, shape in enumerate(call.shapes):
            value = Value(call.index, slot)
            known.shapes[value] = shape
            region = region_of(known, call, slot)
            if region is not None:
                known.regions[value] = region
    return known.regions


def receptive_field(region: Region) -> Field:
    """The region of a value as a receptive field."""
    rows, columns = region.rows, region.columns
    affine = _slides(rows) and _slides(columns)
    return Field(
        size=(_size(rows), _size(columns)),
        stride=(rows.formula[1], columns.formula[1]) if affine else None,  # type: ignore[index]
        start=(rows.formula[0], columns.formula[0]) if affine else None,  # type: ignore[index]
        exact=region.exact,
        rows=_intervals(rows),
        columns=_intervals(columns),
    )


def _slides(axis: Axis) -> bool:
    """Whether one formula gives every position; a vector has no positions to step through."""
    return axis.formula is not None and axis.dim is not None


def _size(axis: Axis) -> int:
    return axis.formula[2] if axis.formula is not None else int((axis.high - axis.low).max() + 1)


def _intervals(axis: Axis) -> np.ndarray:
    seen = axis.high >= axis.low
    return np.stack([np.where(seen, axis.low, 0), np.where(seen, axis.high + 1, 0)], axis=1)


def _pixels(dim: int, length: int) -> Axis:
    positions = np.arange(length)
    return Axis(dim, positions, positions, (0, 1, 1))
