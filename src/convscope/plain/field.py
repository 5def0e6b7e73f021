"""The receptive field of a layer: which input pixels each of its positions can see."""

from dataclasses import dataclass, field

import numpy as np

from convscope.plain.boxes import Box


@dataclass(frozen=True, eq=False)
class Field:
    """The receptive field of a layer, per position and as one formula where one exists.

    ``size`` is (height, width) in input pixels, not clipped to the image. ``stride`` and ``start``
    are (vertical, horizontal): position (y, x) sees rows ``start[0] + y * stride[0]`` up to
    ``+ size[0]``; both are None where the field follows no single formula. ``exact`` is False where
    an operation without a region rule lies below, and the field is only an upper bound.
    ``rows`` and ``columns`` hold the clipped half-open interval of every position, ``[n, 2]``.

    Courses also call the kernel itself "receptive field"; here it is always measured in input pixels.
    """

    size: tuple[int, int]
    stride: tuple[int, int] | None
    start: tuple[int, int] | None
    exact: bool
    rows: np.ndarray = field(repr=False)  # of a line for every position
    columns: np.ndarray = field(repr=False)

    def at(self, y: int, x: int) -> Box:
        """The input pixels that position (y, x) can see, clipped to the image."""
        top, bottom = self.rows[y if len(self.rows) > 1 else 0]
        left, right = self.columns[x if len(self.columns) > 1 else 0]
        return Box(int(left), int(top), int(right), int(bottom))

    def unclipped(self, y: int, x: int) -> Box:
        """The same box where it may reach beyond the image; clipped where the field is not affine."""
        if self.stride is None or self.start is None:
            return self.at(y, x)
        top = self.start[0] + y * self.stride[0]
        left = self.start[1] + x * self.stride[1]
        return Box(left, top, left + self.size[1], top + self.size[0])
