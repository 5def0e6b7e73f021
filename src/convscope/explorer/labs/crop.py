"""A few real pixels for the lessons: the liveliest corner of a photograph, small enough to print its numbers."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.atlas.sight import opening
from convscope.errors import BadAtlas
from convscope.explorer.addresses import has
from convscope.plain.boxes import Box


@dataclass(frozen=True, eq=False)
class Crop:
    """Pixels uint8 ``[h, w, 1 or 3]`` of the photograph in ``row``, and the box they were cut from."""

    row: int
    box: Box
    pixels: np.ndarray


def photographed(atlas: Atlas) -> int | None:
    """The place among the chosen images that the lessons look at; None where no photograph is there."""
    first = opening(atlas)
    order = range(len(atlas.chosen)) if first is None else (first.chosen, *range(len(atlas.chosen)))
    return next((at for at in order if has(atlas, layout.photo_file(Path(), atlas.chosen[at]))), None)


def photograph(atlas: Atlas, row: int) -> np.ndarray:
    """What the network was shown of an image, uint8 ``[H, W, 1 or 3]``; raises BadAtlas."""
    return grey_or_colour(layout.photo_file(atlas.path, row))


def grey_or_colour(path: Path) -> np.ndarray:
    """The pixels of a picture of the atlas, uint8 ``[h, w, 1 or 3]``; raises BadAtlas."""
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture if picture.mode in ("L", "RGB") else picture.convert("RGB"))
    except (OSError, ValueError) as error:
        raise BadAtlas(f"{path} is damaged or missing: survey again to rebuild it.") from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def unpadded(atlas: Atlas, row: int) -> Box:
    """The part of a photograph that is picture and not the border that makes it fit."""
    height, width = int(atlas.images.heights[row]), int(atlas.images.widths[row])
    tall, wide = atlas.fit.height, atlas.fit.width

    def source(left: int, top: int, right: int, bottom: int) -> Box:
        return atlas.fit.source_box(Box(left, top, right, bottom), height, width)

    rows = [y for y in range(tall) if source(0, y, wide, y + 1).height > 0] or [0, tall - 1]
    columns = [x for x in range(wide) if source(x, 0, x + 1, tall).width > 0] or [0, wide - 1]
    return Box(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


def liveliest(
    values: np.ndarray, side: int, step: int = 1, first: tuple[int, int] = (0, 0), within: Box | None = None
) -> Box:
    """The square of ``side`` within ``[h, w, C]`` that changes most, on a grid of ``step`` from ``first``.

    Change is counted over a sixth of the side, so that a crop shows shapes before noise.
    """
    tall, wide = min(side, values.shape[0]), min(side, values.shape[1])
    lively = _sums(_change(values.astype(np.int64), max(1, side // 6)), tall, wide)
    return _largest(lively, (tall, wide), step, first, within)


def calmest(values: np.ndarray, side: int, within: Box | None = None) -> Box:
    """The square of ``side`` within ``[h, w, C]`` that changes least from pixel to pixel."""
    tall, wide = min(side, values.shape[0]), min(side, values.shape[1])
    return _largest(-_sums(_change(values.astype(np.int64), 1), tall, wide), (tall, wide), within=within)


def _largest(
    lively: np.ndarray,
    size: tuple[int, int],
    step: int = 1,
    first: tuple[int, int] = (0, 0),
    within: Box | None = None,
) -> Box:
    """The box of ``size`` at the largest value; ``lively`` has one for every place it can take."""
    tall, wide = size
    if within is not None:
        left, top, right, bottom = map(int, within)
        kept = np.zeros(lively.shape, dtype=bool)
        kept[top : max(bottom - tall + 1, 0), left : max(right - wide + 1, 0)] = True
        lively = np.where(kept, lively, lively.min() - 1)
    lively = lively[first[0] :: step, first[1] :: step]
    if not lively.size:  # the photograph is smaller than one step
        return Box(0, 0, wide, tall)
    row, column = np.unravel_index(lively.argmax(), lively.shape)
    y, x = first[0] + int(row) * step, first[1] + int(column) * step
    return Box(x, y, x + wide, y + tall)


def _change(values: np.ndarray, apart: int) -> np.ndarray:
    """How much every place ``[h, w]`` differs from those ``apart`` below and to the right."""
    change = np.zeros(values.shape[:2], dtype=np.int64)
    change[:-apart] += np.abs(values[apart:] - values[:-apart]).sum(axis=2)
    change[:, :-apart] += np.abs(values[:, apart:] - values[:, :-apart]).sum(axis=2)
    return change


def _sums(values: np.ndarray, tall: int, wide: int) -> np.ndarray:
    """The sum of every box of ``tall`` x ``wide``, from sums of all that lies above and to the left."""
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    return total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]


def cut(values: np.ndarray, box: Box) -> np.ndarray:
    """The part of ``[h, w, ...]`` inside a box of whole numbers."""
    left, top, right, bottom = map(int, box)
    return values[top:bottom, left:right]
