"""The two image sets that come with convscope: colour emoji and grey clothes."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from convscope.images.decode import decode
from convscope.images.source import Images

DATA = Path(__file__).with_name("bundled_data")
NAMES = {"emoji": "emoji", "demo": "emoji", "fashion": "fashion"}


@dataclass(frozen=True)
class Tiles:
    """Images of one size, kept as the tiles of a sheet that is decoded when first needed."""

    folder: Path
    count: int

    def read(self, row: int) -> np.ndarray:
        return _tiles(self.folder)[row]

    def measure(self, row: int) -> tuple[int, int]:
        return self.read(row).shape[:2]

    def evidence(self, row: int) -> str:
        return _index(self.folder)["pixels"]


def accepts(source: Any) -> bool:
    return isinstance(source, str) and source in NAMES


def open_source(source: str) -> Images:
    """The set of this name: 2,222 emoji in 9 classes, or 11,000 pictures of clothes in 10.

    Origin and licence of each lie beside it in ``bundled_data``.
    """
    folder = DATA / NAMES[source]
    index = _index(folder)
    here = Path(source).is_dir()
    tiles = Tiles(folder, len(index["ids"]))
    return Images(
        name=NAMES[source],
        ids=tuple(index["ids"]),
        labels=np.array(index["labels"], dtype=np.int64),
        classes=tuple(index["classes"]),
        splits=tuple(index["splits"]),
        groups=tuple(index["groups"]) if index["groups"] else None,
        notes=(f"The bundled set is used; for the folder of that name write ./{source}.",) * here,
        read=tiles.read,
        measure=tiles.measure,
        evidence=tiles.evidence,
    )


@cache
def _index(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "index.json").read_text("utf-8"))


@cache
def _tiles(folder: Path) -> np.ndarray:
    """uint8 ``[n, side, side, channels]``."""
    index = _index(folder)
    return cut(decode(folder / index["sheet"]), index["side"], len(index["ids"]))


def cut(sheet: np.ndarray, side: int, count: int) -> np.ndarray:
    """The first ``count`` square tiles of a sheet ``[height, width, channels]``, row by row."""
    height, width, channels = sheet.shape
    grid = sheet.reshape(height // side, side, width // side, side, channels)
    return grid.swapaxes(1, 2).reshape(-1, side, side, channels)[:count]
