"""Sums that do not depend on the order of their terms, so that shards, retries and resumed passes agree."""

from types import EllipsisType

import numpy as np

BITS = 48  # of the fraction: steps of 3.6e-15
TOGETHER = 32  # terms that a float64 can add without rounding: 48 bits and 5
LARGEST = 2.0**48
VALUES = 1 << 15  # at a time, so that what is computed stays in the cache


class ExactSum:
    """Running sums of float64 arrays by place ``[places, *shape]``, in fixed point: whole numbers and 48 bits below.

    Adding integers is associative where adding floats is not. Each term is rounded to a multiple of
    2^-48 once; after that nothing is lost. A term of 2^48 or more counts as infinite.

    >>> total = ExactSum((2, 1)); total.add(np.array([1, 1]), np.array([[0.25], [0.5]])); total.value()
    array([[0.  ],
           [0.75]])
    """

    def __init__(self, shape: tuple[int, ...]):
        self.whole = np.zeros(shape, dtype=np.int64)
        self.parts = np.zeros(shape, dtype=np.int64)
        self.endless = np.zeros(shape)  # zero, or plus or minus infinity, or NaN where both came

    def add(self, places: np.ndarray, terms: np.ndarray) -> None:
        """Add ``terms[n]`` to the sum at ``places[n]``."""
        if not (terms.max(initial=0.0) < LARGEST and terms.min(initial=0.0) > -LARGEST):
            terms = self._add_endless(places, terms)
        some = min(TOGETHER, max(1, VALUES // self.whole[0].size))
        for start in range(0, len(terms), some):
            these = slice(start, start + some)
            there, *sums = added(places[these], *fixed_point(terms[these]))
            self._carry(there, *(part.astype(np.int64) for part in sums))

    def merge(self, other: "ExactSum") -> None:
        """Take in another sum of the same shape."""
        self._carry(..., other.whole, other.parts)
        with np.errstate(invalid="ignore"):
            self.endless += other.endless

    def _carry(self, there: np.ndarray | EllipsisType, whole: np.ndarray, parts: np.ndarray) -> None:
        parts += self.parts[there]
        self.parts[there] = parts & ((1 << BITS) - 1)
        parts >>= BITS
        parts += whole
        self.whole[there] += parts

    def _add_endless(self, places: np.ndarray, terms: np.ndarray) -> np.ndarray:
        """The finite ``terms``, zero in place of the others, which are kept."""
        finite = np.abs(terms) < LARGEST
        with np.errstate(invalid="ignore"):  # plus and minus infinity make NaN, as they should
            np.add.at(self.endless, places, np.where(finite, 0.0, np.copysign(np.inf, terms)))
        return np.where(finite, terms, 0.0)

    def value(self) -> np.ndarray:
        """The sums as float64."""
        return self.whole + self.parts * 2.0**-BITS + self.endless

    def over_places(self) -> np.ndarray:
        """The sum of all sums as float64, ``[*shape]``."""
        with np.errstate(invalid="ignore"):
            return self.whole.sum(axis=0) + self.parts.sum(axis=0) * 2.0**-BITS + self.endless.sum(axis=0)


def fixed_point(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(whole, parts), whole numbers in float64: ``whole + parts / 2**48`` is each term rounded to that step."""
    whole = np.trunc(terms)
    parts = terms - whole
    parts *= 2.0**BITS
    return whole, np.rint(parts, out=parts)


def added(places: np.ndarray, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    """Different places, and for each of ``arrays`` the sum of its entries at each."""
    if len(set(places.tolist())) == len(places):
        return places, *arrays
    there, which = np.unique(places, return_inverse=True)
    # a matrix product of ones and zeros: exact, since every partial sum is
    chosen = (which == np.arange(len(there))[:, None]).astype(np.float64)
    sums = ((chosen @ array.reshape(len(array), -1)).reshape(-1, *array.shape[1:]) for array in arrays)
    return there, *sums
