"""A share of counted things, and how sure it is."""

from dataclasses import dataclass
from math import nan, sqrt

Z = 1.959964  # standard errors on either side of a 95 % interval


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of ``right`` out of ``total`` (Wilson 1927); NaN of none.

    >>> tuple(round(end, 3) for end in wilson(8, 10))
    (0.49, 0.943)
    """
    if not total:
        return nan, nan
    share, z = right / total, Z * Z / total
    middle, half = share + z / 2, Z * sqrt(share * (1 - share) / total + z / (4 * total))
    low, high = (middle - half) / (1 + z), (middle + half) / (1 + z)
    return low if right else 0.0, high if right < total else 1.0  # what the sums are but for their rounding


def percent(share: float, digits: int = 0) -> str:
    """A share in words.

    >>> percent(0.12345), percent(0.12345, 1)
    ('12 %', '12.3 %')
    """
    return f"{100 * share:.{digits}f} %"


@dataclass(frozen=True)
class Share:
    """``count`` of ``total``.

    >>> Share(8, 10).rate, str(Share(8, 10))
    (0.8, '8 of 10 (80 %, 95 % interval 49 to 94 %)')
    """

    count: int
    total: int

    @property
    def rate(self) -> float:
        """Not a number where there was nothing to count."""
        return self.count / self.total if self.total else nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's at 95 %; from 0 to 1 where there was nothing to count."""
        if not self.total:
            return 0.0, 1.0
        low, high = wilson(self.count, self.total)
        return max(low, 0.0), min(high, 1.0)

    def above(self, other: "Share") -> bool:
        """Whether the two intervals lie apart, this one higher."""
        return self.interval[0] > other.interval[1]

    def __str__(self) -> str:
        if not self.total:
            return "0 of 0"
        low, high = (round(100 * edge) for edge in self.interval)
        return f"{self.count} of {self.total} ({percent(self.rate)}, 95 % interval {low} to {high} %)"
