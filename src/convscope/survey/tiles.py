"""Small square pictures, in strips and on sheets: display pixels only, nothing is computed from them."""

from dataclasses import dataclass

import numpy as np

from convscope.atlas import layout
from convscope.plain.render import ZERO

HATCH, HATCH_STEP = 205, 16  # grey, and pixels from line to line, of a projection that was not made
ACROSS = 3  # tiles of a channel on a sheet, each way
SAME_LOOK = 6.0  # mean grey levels between 8 x 8 thumbnails that look the same


@dataclass
class Tiles:
    """What is drawn of a group of channels, ``[channels, k, side, side, 3]``: large for strips, small for sheets.

    ``scale`` ``[channels, k]`` is the absolute value drawn as full colour; ``projected`` is 1 where there is one.
    """

    patches: np.ndarray
    projections: np.ndarray
    small_patches: np.ndarray
    small_projections: np.ndarray
    scale: np.ndarray
    projected: np.ndarray

    @staticmethod
    def blank(channels: int, k: int, tile: int) -> "Tiles":
        """Tiles of a group, to be drawn on: grey for patches, hatched for projections, whose grey is a number."""
        small = layout.SHEET_TILE
        return Tiles(
            empty(channels, k, tile, layout.OUTSIDE), hatched(channels, k, tile),
            empty(channels, k, small, layout.OUTSIDE), hatched(channels, k, small),
            np.zeros((channels, k), dtype=np.float32), np.zeros((channels, k), dtype=np.uint8),
        )  # fmt: skip


def empty(channels: int, count: int, side: int, grey: int) -> np.ndarray:
    """Tiles of one grey, ``[channels, count, side, side, 3]``."""
    return np.full((channels, count, side, side, 3), grey, dtype=np.uint8)


def hatched(channels: int, count: int, side: int) -> np.ndarray:
    """Tiles that say that nothing was made, ``[channels, count, side, side, 3]``: never to be taken for zero."""
    y, x = np.indices((side, side))
    wave = (1 + np.cos(2 * np.pi * (x + y) / HATCH_STEP)) / 2  # sharp lines would cost a JPEG twice the bytes
    tile = np.rint(layout.OUTSIDE + (HATCH - layout.OUTSIDE) * wave).astype(np.uint8)
    return np.broadcast_to(tile[:, :, None], (channels, count, side, side, 3)).copy()


def strip(patches: np.ndarray, projections: np.ndarray) -> np.ndarray:
    """One channel: its patches ``[k, side, side, 3]`` in a row over their projections."""
    return np.concatenate([row_of(patches), row_of(projections)])


def row_of(tiles: np.ndarray) -> np.ndarray:
    """Tiles ``[n, side, side, 3]`` beside one another, ``[side, n * side, 3]``."""
    return np.concatenate(list(tiles), axis=1)


def cut_row(picture: np.ndarray, side: int) -> np.ndarray:
    """The tiles of the topmost row of a picture, ``[n, side, side, 3]``."""
    return picture[:side].reshape(side, -1, side, 3).swapaxes(0, 1)


def nine(tiles: np.ndarray) -> np.ndarray:
    """The first nine tiles ``[k, side, side, 3]`` as 3 x 3, blank where there are fewer."""
    side = tiles.shape[1]
    square = np.full((ACROSS * side, ACROSS * side, 3), ZERO, dtype=np.uint8)
    for rank, tile in enumerate(tiles[: ACROSS**2]):
        y, x = divmod(rank, ACROSS)
        square[y * side : (y + 1) * side, x * side : (x + 1) * side] = tile
    return square


def sheet_of(tiles: np.ndarray) -> np.ndarray:
    """Up to 64 channels, 8 a row, each 3 x 3."""
    side = ACROSS * tiles.shape[2]
    rows = -(-len(tiles) // layout.SHEET_ACROSS)
    sheet = np.full((rows * side, layout.SHEET_ACROSS * side, 3), ZERO, dtype=np.uint8)
    for place, channel in enumerate(tiles):
        y, x = divmod(place, layout.SHEET_ACROSS)
        sheet[y * side : (y + 1) * side, x * side : (x + 1) * side] = nine(channel)
    return sheet


def duplicates(patches: np.ndarray, image: np.ndarray) -> np.ndarray:
    """1 where a stronger winner's patch looks nearly the same, ``[channels, k]``."""
    channels, k, side = patches.shape[:3]
    eighth = side // 8
    thumbs = patches.reshape(channels, k, 8, eighth, 8, eighth, 3).mean(axis=(3, 5)).reshape(channels, k, -1)
    flags = np.zeros((channels, k), dtype=np.uint8)
    for rank in range(1, k):
        distance = np.abs(thumbs[:, :rank] - thumbs[:, rank : rank + 1]).mean(axis=2)
        flags[:, rank] = (distance < SAME_LOOK).any(axis=1) & (image[:, rank] >= 0)
    return flags
