"""A box is (left, top, right, bottom) in pixels, half-open as in Pillow: right and bottom are outside."""

from typing import NamedTuple


class Box(NamedTuple):
    """A half-open rectangle of pixels; ``Box(0, 0, 1, 1)`` is the single pixel at the top left.

    >>> Box(2, 3, 7, 9).width, Box(2, 3, 7, 9).height
    (5, 6)
    """

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def empty(self) -> bool:
        """Whether there is no pixel in it."""
        return self.width <= 0 or self.height <= 0

    def clip(self, height: float, width: float) -> "Box":
        """The part of the box inside an image of ``height`` x ``width`` pixels."""
        return Box(
            min(max(self.left, 0), width),
            min(max(self.top, 0), height),
            min(max(self.right, 0), width),
            min(max(self.bottom, 0), height),
        )
