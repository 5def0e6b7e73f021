"""Which files are images: each is decoded once, in threads, and nothing is written anywhere."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from convscope.errors import BadImages
from convscope.images.conversion import CONVERSIONS
from convscope.images.decode import decode, decode_and_tell, measure, read_file
from convscope.images.source import Problem

DECODE_UP_TO = 20_000  # files; decoding more would make opening a set take minutes


@dataclass(frozen=True)
class Seen:
    """What one look at a file told: the reason why it cannot be used, or its size and content."""

    reason: str = ""
    size: tuple[int, int] = (0, 0)
    content: str = ""
    conversions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Files:
    """Files that were looked at once, by position; ``readable`` are those that are images."""

    paths: tuple[Path, ...]
    seen: tuple[Seen, ...]

    @property
    def readable(self) -> tuple[int, ...]:
        return tuple(row for row, seen in enumerate(self.seen) if not seen.reason)

    def problems(self, ids: Iterable[str]) -> tuple[Problem, ...]:
        """One Problem for each file that is no readable image, under these names."""
        named = zip(ids, self.seen, strict=True)
        return tuple(Problem(name, seen.reason) for name, seen in named if seen.reason)

    def notes(self) -> tuple[str, ...]:
        """One sentence for each conversion that any file needed, and for what was not checked."""
        counts = Counter(kind for seen in self.seen for kind in seen.conversions)
        images = len(self.readable)
        notes = [
            f"{words}: {counts[kind]} of {images} images."
            for kind, words in CONVERSIONS.items()
            if counts[kind]
        ]
        if len(self.paths) > DECODE_UP_TO:
            notes.append(
                f"Only the headers of {len(self.paths):,} files were checked; "
                f"pixels are checked in sets of up to {DECODE_UP_TO:,}."
            )
        return tuple(notes)

    def read(self, row: int) -> np.ndarray:
        return decode(self.paths[row])

    def measure(self, row: int) -> tuple[int, int]:
        return self.seen[row].size

    def evidence(self, row: int) -> str:
        return self.seen[row].content


def look_at(paths: Iterable[Path]) -> Files:
    """Decode every file once, or read only the headers where there are more than DECODE_UP_TO."""
    paths = tuple(paths)
    look = partial(_look, whole=len(paths) <= DECODE_UP_TO)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        return Files(paths, tuple(pool.map(look, paths)))


def _look(path: Path, whole: bool) -> Seen:
    try:
        if not whole:
            return Seen("", measure(path), f"{path.stat().st_size} bytes")
        data = read_file(path)
        array, conversions = decode_and_tell(data)
        height, width = array.shape[:2]
        return Seen("", (height, width), hashlib.sha256(data).hexdigest(), conversions)
    except BadImages as error:
        return Seen(str(error))
