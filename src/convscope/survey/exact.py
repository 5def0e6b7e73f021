"""Sums that do not depend on the order of their terms, so that shards, retries and resumed passes agree."""

from collections.abc import Iterable, Iterator

import numpy as np

BITS = 48  # of the fraction: steps of 3.6e-15, and room for 32,768 terms before a carry
LARGEST = 2.0**53  # beyond it a float64 has no fraction left to keep


class ExactSum:
    """A running sum of float64 arrays ``[N, *shape]`` over N, in fixed point: whole numbers and 48 bits below.

    Adding integers is associative where adding floats is not. Each term is rounded to a multiple of
    2^-48 once; after that nothing is lost. A term of 2^53 or more counts as infinite.

    >>> total = ExactSum((1,)); total.add(np.array([[0.25], [0.5]])); total.value()
    array([0.75])
    """

    def __init__(self, shape: tuple[int, ...]):
        self.whole = np.zeros(shape, dtype=np.int64)
        self.parts = np.zeros(shape, dtype=np.int64)
        self.endless = np.zeros(shape)  # zero, or plus or minus infinity, or NaN where both came

    def add(self, terms: np.ndarray) -> None:
        """Add every row of ``terms``."""
        self._carry(_sums(fixed_point(terms)))

    def add_at(self, places: np.ndarray, terms: np.ndarray) -> None:
        """Add row n of ``terms`` ``[N, C]`` to entry ``places[n]`` of a sum of shape ``(K, C)``."""
        split = fixed_point(terms)
        for place in np.unique(places):
            self._carry(_sums(part[places == place] for part in split), int(place))

    def merge(self, other: "ExactSum") -> None:
        """Take in another sum of the same shape."""
        self._carry((other.whole, other.parts, other.endless))

    def _carry(self, more: Iterable[np.ndarray], place: int | slice = slice(None)) -> None:
        whole, parts, endless = more
        parts = parts + self.parts[place]
        self.parts[place] = parts & ((1 << BITS) - 1)
        self.whole[place] += whole + (parts >> BITS)
        with np.errstate(invalid="ignore"):  # plus and minus infinity make NaN, as they should
            self.endless[place] += endless

    def value(self) -> np.ndarray:
        """The sum as float64."""
        return self.whole + self.parts * 2.0**-BITS + self.endless


def _sums(split: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    with np.errstate(invalid="ignore"):
        yield from (part.sum(axis=0) for part in split)


def fixed_point(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(whole, parts, endless): the first two int64, ``whole + parts / 2**48`` each term rounded to that step."""
    endless = np.where(np.abs(terms) < LARGEST, 0.0, np.copysign(np.inf, terms))
    finite = np.where(endless == 0, terms, 0.0)
    whole = np.trunc(finite)
    return whole.astype(np.int64), np.rint((finite - whole) * 2.0**BITS).astype(np.int64), endless
