"""Where the things are: boxes of images from a CSV file, in source pixels."""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from convscope.errors import BadImages
from convscope.plain.boxes import Box

COLUMNS = ("image", "x0", "y0", "x1", "y1")


def read_boxes(path: str | Path) -> dict[str, tuple[Box, ...]]:
    """The boxes of every image by its id; a file with the columns image, x0, y0, x1, y1, a line a box.

    x0, y0 is the first pixel inside at the top left, x1, y1 the first one outside. Raises BadImages naming file and line.

    >>> read_boxes("boxes.csv")  # doctest: +SKIP
    {'cat/1.jpg': (Box(left=12.0, top=30.0, right=200.0, bottom=180.0),)}
    """
    file = Path(path)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise BadImages(
                    f"{file} lacks the column {missing[0]}: its first line is {','.join(COLUMNS)}"
                )
            found: dict[str, tuple[Box, ...]] = {}
            for row in reader:
                found[row["image"]] = (*found.get(row["image"], ()), _box(file, reader.line_num, row))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadImages(
            f"cannot read boxes from {file}: {getattr(error, 'strerror', None) or error}. Give a CSV with {','.join(COLUMNS)}"
        ) from error
    return found


def parse_box(box: str | Sequence[Any]) -> Box:
    """A box from ``x0,y0,x1,y1`` as text, or the four numbers; raises BadImages.

    >>> parse_box("2,3,7,9")
    Box(left=2.0, top=3.0, right=7.0, bottom=9.0)
    """
    parts = box.split(",") if isinstance(box, str) else box
    found = _numbers(parts) if len(parts) == 4 else None
    if found is None:
        raise BadImages(f"{box!r} is no box: write x0,y0,x1,y1 in source pixels, with x0 < x1 and y0 < y1")
    return found


def _box(file: Path, line: int, row: Mapping[str, str]) -> Box:
    box = _numbers([row[name] or "" for name in COLUMNS[1:]])
    if box is None:
        values = ",".join(str(row[name]) for name in COLUMNS[1:])
        raise BadImages(f"{file}, line {line}: {values!r} is no box: x0,y0,x1,y1 with x0 < x1 and y0 < y1")
    return box


def _numbers(parts: Sequence[Any]) -> Box | None:
    try:
        box = Box(*map(float, parts))
    except (ValueError, TypeError):
        return None
    return box if all(map(math.isfinite, box)) and box.width > 0 and box.height > 0 else None
