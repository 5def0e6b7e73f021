"""Squares inside a picture: around a place, and somewhere else."""

import numpy as np

Square = tuple[int, int, int, int]  # left, top, right, bottom in pixels
TRIES = 200


def square_around(centre: tuple[float, float], side: int, height: int, width: int) -> Square:
    """The square of ``side`` pixels nearest to one around ``centre`` (y, x) that lies inside the picture.

    >>> square_around((1.0, 9.5), 4, 12, 12)
    (8, 0, 12, 4)
    """
    top = min(max(round(centre[0] - side / 2), 0), height - side)
    left = min(max(round(centre[1] - side / 2), 0), width - side)
    return left, top, left + side, top + side


def elsewhere(rng: np.random.Generator, side: int, height: int, width: int, avoid: Square) -> Square:
    """A square drawn at random that shares no pixel with ``avoid``; the last one drawn where none is found."""
    left = top = 0
    for _ in range(TRIES):
        top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        if left >= avoid[2] or left + side <= avoid[0] or top >= avoid[3] or top + side <= avoid[1]:
            break
    return left, top, left + side, top + side
