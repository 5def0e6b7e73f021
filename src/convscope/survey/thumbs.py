"""Every image of a survey as a small picture, a hundred to a sheet, made while the images are read to be counted."""

from collections.abc import Iterable
from pathlib import Path
from threading import Lock

import numpy as np
import torch

from convscope.atlas import layout
from convscope.atlas.write import write_picture
from convscope.plain.fit import match_channels
from convscope.plain.render import scale_tile
from convscope.plain.threads import in_threads
from convscope.survey.pixels import Pixels


class Thumbs:
    """Sheets of small pictures, for any thread; once it is full a sheet lies in ``folder``, beside what else is finished.

    Made later they would need their images read again: only the last read are kept.
    """

    def __init__(self, pixels: Pixels, folder: Path):
        self.pixels = pixels
        self.folder = folder
        self.one_at_a_time = Lock()
        self.begun: dict[int, dict[int, np.ndarray]] = {}  # sheet to its pictures so far, by row

    def take(self, rows: Iterable[int]) -> None:
        """Add the images in ``rows``, each of which is taken once."""
        for row in rows:
            sheet, thumb = row // layout.THUMBS_A_SHEET, self._thumb(row)
            with self.one_at_a_time:
                begun = self.begun.setdefault(sheet, {})
                begun[row] = thumb
                full = self.begun.pop(sheet) if len(begun) == len(self._rows(sheet)) else None
            if full:
                self._write(sheet, full)

    def write_all(self, root: Path) -> None:
        """All sheets into the atlas ``root``; those that nobody has filled are made now."""

        def settle(sheet: int) -> None:
            file = layout.thumbs_file(self.folder, sheet)
            if not file.is_file():
                self._write(sheet, {row: self._thumb(row) for row in self._rows(sheet)})
            there = layout.thumbs_file(root, sheet)
            there.parent.mkdir(parents=True, exist_ok=True)
            file.replace(there)

        sheets = range(-(-len(self.pixels.images) // layout.THUMBS_A_SHEET))
        in_threads(settle, sheets, torch.get_num_threads())

    def _rows(self, sheet: int) -> range:
        first = sheet * layout.THUMBS_A_SHEET
        return range(first, min(first + layout.THUMBS_A_SHEET, len(self.pixels.images)))

    def _thumb(self, row: int) -> np.ndarray:
        return scale_tile(match_channels(self.pixels.shown(row), 3), layout.THUMB)

    def _write(self, sheet: int, thumbs: dict[int, np.ndarray]) -> None:
        side, across = layout.THUMB, layout.THUMBS_ACROSS
        picture = np.full((-(-len(thumbs) // across) * side, across * side, 3), 255, dtype=np.uint8)
        for place, row in enumerate(sorted(thumbs)):
            y, x = divmod(place, across)
            picture[y * side : (y + 1) * side, x * side : (x + 1) * side] = thumbs[row]
        write_picture(layout.thumbs_file(self.folder, sheet), picture)
