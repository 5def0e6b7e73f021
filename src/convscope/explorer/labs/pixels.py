"""The lab of pixels: 64 of them from a real photograph, and the numbers that they are."""

from dataclasses import dataclass

import numpy as np

from convscope.atlas.read import Atlas
from convscope.explorer.labs.crop import Crop, calmest, cut, liveliest, photograph, photographed, unpadded
from convscope.explorer.labs.planes import Planes
from convscope.plain.boxes import Box

SIDE = 8
COLOURS = ("red", "green", "blue")
GREY = ("grey",)


@dataclass(frozen=True, eq=False)
class PixelsLab:
    """Two crops of one photograph, the liveliest and the calmest; ``bands`` are what a pixel is made of."""

    crops: tuple[Crop, Crop]
    bands: tuple[str, ...]
    planes: Planes

    @property
    def row(self) -> int:
        return self.crops[0].row


def pixels_lab(atlas: Atlas) -> PixelsLab | None:
    """None where the atlas has no photograph."""
    place = photographed(atlas)
    if place is None:
        return None
    row = atlas.chosen[place]
    photo, within = photograph(atlas, row), unpadded(atlas, row)
    crops = tuple(_crop(row, photo, find(photo, SIDE, within=within)) for find in (liveliest, calmest))
    bands = COLOURS if photo.shape[2] == 3 else GREY
    at = int(crops[0].pixels.shape[0]) // 2, int(crops[0].pixels.shape[1]) // 2
    return PixelsLab((crops[0], crops[1]), bands, Planes(tuple(_view(crop, bands) for crop in crops), at))


def _crop(row: int, photo: np.ndarray, box: Box) -> Crop:
    return Crop(row, box, cut(photo, box))


def _view(crop: Crop, bands: tuple[str, ...]) -> dict[str, np.ndarray]:
    pixels = np.broadcast_to(crop.pixels, (*crop.pixels.shape[:2], 3))
    colours = [["#" + bytes(pixel.tolist()).hex() for pixel in row] for row in pixels]
    return {"pixels": np.array(colours)} | {
        name: crop.pixels[:, :, band].astype(int) for band, name in enumerate(bands)
    }
