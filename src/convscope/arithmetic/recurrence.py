"""Receptive fields along one axis by recurrence, over a chain of windows.

With the old stride in the size: size grows by ``(k_e - 1) * stride``, start falls by ``before * stride``,
stride is multiplied (Araujo, Norris & Sim, Distill 2019, doi 10.23915/distill.00021). Borders are not
clipped, and padding never enters the size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from convscope.arithmetic.convolution import SAME
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec


@dataclass(frozen=True)
class Reach:
    """Position ``u`` sees ``size`` pixels from ``start + u * stride``; a pixel sees itself."""

    size: int = 1
    stride: int = 1
    start: int = 0

    @property
    def centre(self) -> float:
        """The middle of what position 0 sees."""
        return self.start + (self.size - 1) / 2

    def at(self, position: int) -> tuple[int, int]:
        """First and last pixel that a position sees."""
        first = self.start + position * self.stride
        return first, first + self.size - 1

    def under(self, window: Window, before: int) -> "Reach":
        """The reach of a window that slides over positions with this one."""
        return Reach(
            self.size + (window.reach - 1) * self.stride,
            self.stride * window.stride,
            self.start - before * self.stride,
        )


def chain(windows: Iterable[Window], n: int | None = None) -> tuple[Reach, ...]:
    """What each of a chain of windows sees of the pixels; ``n`` pixels are needed for ``same`` with a stride.

    >>> chain([Window(3, stride=3, padding=1), Window(2)])[-1].at(0)
    (-1, 4)
    """
    return tuple(_along(windows, n))


def _along(windows: Iterable[Window], n: int | None) -> Iterator[Reach]:
    reach = Reach()
    for window in windows:
        reach = reach.under(window, before(window, n))
        n = None if n is None else window.outputs(n)
        yield reach


def before(window: Window, n: int | None) -> int:
    """The padding before an axis of ``n``; raises BadSpec where it depends on an ``n`` that is not known."""
    if n is None and window.padding in SAME and window.stride > 1:
        raise BadSpec(f"padding 'same' at stride {window.stride} depends on the size of the input: give n")
    return window.amounts(1 if n is None else n)[0]
