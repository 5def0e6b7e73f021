"""Which values of a map go into histogram, percentile and share above zero: all of few, some of many."""

import numpy as np
import torch
from torch import Tensor

ENOUGH = 2**17  # values a channel: 131 of them lie above the 99.9th percentile
FEWEST = 8  # positions of a map
GOLDEN = (5**0.5 - 1) / 2


def positions_a_map(images: int) -> int:
    """How many positions of each map are looked at, so that all images together give ``ENOUGH`` values.

    >>> positions_a_map(64), positions_a_map(1000), positions_a_map(50_000)
    (2048, 132, 8)
    """
    return max(FEWEST, -(-ENOUGH // max(images, 1)))


def positions(area: int, wanted: int, rows: np.ndarray) -> np.ndarray:
    """Positions ``[N, min(wanted, area)]`` in maps of ``area``: one in each of ``wanted`` equal stretches.

    Where in its stretch moves on by the golden section from row to row, so that over many images every
    position has its turn; it depends on nothing but the row.

    >>> positions(12, 3, np.array([0, 1]))
    array([[ 0,  4,  8],
           [ 2,  6, 10]])
    """
    wanted = min(wanted, area)
    return ((np.arange(wanted) + (rows * GOLDEN % 1)[:, None]) * (area / wanted)).astype(np.int64)


def sample(maps: Tensor, wanted: int, rows: np.ndarray) -> Tensor:
    """Values ``[n, C]`` of maps ``[N, C, H, W]`` in channels_last layout."""
    area = maps.shape[2] * maps.shape[3]
    flat = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
    if wanted >= area:
        return flat
    places = positions(area, wanted, rows) + np.arange(len(rows))[:, None] * area
    return flat.index_select(0, torch.from_numpy(places.ravel()).to(flat.device))
