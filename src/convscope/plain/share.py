"""A share of so many, and how sure it is."""

from dataclasses import dataclass
from math import nan, sqrt

Z = 1.959964  # 95 %


@dataclass(frozen=True)
class Share:
    """``count`` of ``total``; ``interval`` is Wilson's (1927) at 95 %.

    >>> Share(8, 10).rate, Share(8, 10).interval
    (0.8, (0.4901624..., 0.9433177...))
    """

    count: int
    total: int

    @property
    def rate(self) -> float:
        """Not a number where there was nothing to count."""
        return self.count / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """From 0 to 1 where there was nothing to count."""
        if not self.total:
            return 0.0, 1.0
        weight = Z * Z / self.total
        centre = (self.rate + weight / 2) / (1 + weight)
        half = Z * sqrt(self.rate * (1 - self.rate) / self.total + weight / (4 * self.total)) / (1 + weight)
        return max(centre - half, 0.0), min(centre + half, 1.0)

    def above(self, other: "Share") -> bool:
        """Whether the two intervals lie apart, this one higher."""
        return self.interval[0] > other.interval[1]

    def __str__(self) -> str:
        low, high = (round(100 * edge) for edge in self.interval)
        if not self.total:
            return "0 of 0"
        return f"{self.count} of {self.total} ({100 * self.rate:.0f} %, 95 % interval {low} to {high} %)"


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of ``right`` out of ``total`` (Wilson 1927); NaN of none.

    >>> tuple(round(end, 3) for end in wilson(8, 10))
    (0.49, 0.943)
    """
    if not total:
        return nan, nan
    share, z = right / total, Z * Z / total
    middle, half = share + z / 2, Z * sqrt(share * (1 - share) / total + z / (4 * total))
    return (middle - half) / (1 + z), (middle + half) / (1 + z)
