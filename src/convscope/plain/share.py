"""A share of counted things, and how sure it is."""

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
    return (middle - half) / (1 + z), (middle + half) / (1 + z)
