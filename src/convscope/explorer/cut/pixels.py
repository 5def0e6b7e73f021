"""Pictures of which only a part is published."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.check import readable

BLANK = layout.OUTSIDE  # stands for what is not published, too


def copy_file(source: Path, target: Path) -> None:
    """Copy a file; does nothing where there is none."""
    if source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def read_pixels(path: Path) -> np.ndarray:
    """uint8 ``[h, w, 3]``, or ``[h, w]`` where the picture is grey; raises BadAtlas."""
    with readable(path), Image.open(path) as picture:
        return np.array(picture if picture.mode == "L" else picture.convert("RGB"))


def only_tiles(pixels: np.ndarray, inside: Iterable[int], side: int, across: int, grey: int) -> np.ndarray:
    """A sheet of tiles of ``side`` pixels, ``across`` in a row, of which only those ``inside`` are not ``grey``."""
    shown = np.full_like(pixels, grey)
    for place in inside:
        y, x = (side * part for part in divmod(int(place), across))
        shown[y : y + side, x : x + side] = pixels[y : y + side, x : x + side]
    return shown
