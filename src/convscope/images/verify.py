"""Which files are images: each is decoded once, in threads; what was seen is remembered outside the set."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from convscope.errors import BadImages
from convscope.images.conversion import CONVERSIONS
from convscope.images.decode import decode, glance, measure, naming, read_file
from convscope.images.memory import recall, remember, stamp
from convscope.images.seen import Seen
from convscope.images.source import Problem
from convscope.plain.threads import in_threads


class Packed(Protocol):
    """A file inside a file: a member of an archive, a cell of a table; ``str`` names it.

    ``stamp`` changes with the content; ``read_bytes`` raises BadImages with the reason alone.
    """

    @property
    def stamp(self) -> str: ...

    def read_bytes(self) -> bytes: ...


Stored = Path | Packed
DECODE_UP_TO = 20_000  # files; decoding more would make opening a set take minutes


@dataclass(frozen=True)
class Files:
    """Files that were looked at once, by position; ``readable`` are those that are images."""

    paths: tuple[Stored, ...]
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
        path = self.paths[row]
        if isinstance(path, Path):
            return decode(path)
        with naming(path):
            return decode(path.read_bytes())

    def measure(self, row: int) -> tuple[int, int]:
        return self.seen[row].size

    def evidence(self, row: int) -> str:
        return self.seen[row].content

    def glance(self, row: int) -> Seen:
        """What was seen; looks now where only the header was read before."""
        seen = self.seen[row]
        return seen if seen.thumbnail or seen.reason else look(self.paths[row])


def look_at(paths: Iterable[Stored], place: str = "") -> Files:
    """Decode every file once, or read only the headers where there are more than DECODE_UP_TO.

    ``place`` names the set in the user's cache; files that have not changed since are not read again.
    """
    paths = tuple(paths)
    known = recall(place)
    stamps = [_stamp(path) if place else "" for path in paths]
    whole = len(paths) <= DECODE_UP_TO
    rows = range(len(paths))
    seen = tuple(in_threads(lambda row: known.get(stamps[row]) or look(paths[row], whole), rows))
    if any(mark and mark not in known for mark in stamps):
        remember(place, dict(zip(stamps, seen, strict=True)))
    return Files(paths, seen)


def look(path: Stored, whole: bool = True) -> Seen:
    """One file, decoded or, unless ``whole``, only its header."""
    try:
        if isinstance(path, Path) and not whole:
            return Seen("", measure(path), f"{path.stat().st_size} bytes")
        return glance(read_file(path) if isinstance(path, Path) else path.read_bytes())
    except BadImages as error:
        return Seen(str(error))


def _stamp(path: Stored) -> str:
    return stamp(path) if isinstance(path, Path) else path.stamp
