"""One picture of what stands about a channel: whole images of its winners, ordinary answers, the channels most alike.

Three rows of square tiles, one below the other; one picture, for each file costs a request and a head of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from convscope.atlas import layout
from convscope.plain.boxes import Box

Row = Literal["whole", "ordinary", "alike"]
SIDES: dict[Row, int] = {
    "whole": layout.THUMB,
    "ordinary": layout.QUANTILE_TILE,
    "alike": layout.NEIGHBOUR_TILE,
}


def compose(rows: Sequence[np.ndarray]) -> np.ndarray:
    """The picture, uint8 ``[h, w, 3]``: rows of tiles ``[n, side, side, 3]`` from the left, one below the other."""
    height = sum(tiles.shape[1] for tiles in rows)
    picture = np.full(
        (height, max(len(tiles) * tiles.shape[2] for tiles in rows), 3), layout.OUTSIDE, dtype=np.uint8
    )
    top = 0
    for tiles in rows:
        side = tiles.shape[1]
        for place, tile in enumerate(tiles):
            picture[top : top + side, place * side : (place + 1) * side] = tile
        top += side
    return picture


def size_of(numbers: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Width and height in pixels of the pictures of a layer, which the shapes of its numbers decide."""
    tiles: dict[Row, int] = {
        "whole": numbers["image"].shape[1],
        "ordinary": numbers["quantile_image"][0].size,
        "alike": numbers["neighbour"].shape[1] * examples(numbers),
    }
    return max(many * SIDES[row] for row, many in tiles.items()), sum(SIDES.values())


def examples(numbers: Mapping[str, np.ndarray]) -> int:
    """How many patches of each channel that is alike are shown."""
    return min(layout.NEIGHBOUR_EXAMPLES, numbers["image"].shape[1])


def box_of(row: Row, place: int, many: int = 1) -> Box:
    """Where ``many`` tiles of a row lie, the first of them at ``place``.

    >>> box_of("ordinary", 3, 3)
    Box(left=144, top=64, right=288, bottom=112)
    """
    side, above = SIDES[row], list(SIDES)[: list(SIDES).index(row)]
    top = sum(SIDES[other] for other in above)
    return Box(place * side, top, (place + many) * side, top + side)
