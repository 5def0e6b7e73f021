"""Pictures as a person names them: files, folders, patterns, tables, one piped in; answered in that order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from glob import glob
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images import SOURCES, files, folder, open_images
from convscope.images.decode import decode, read_file
from convscope.images.source import Images, Problem, natural

PIPED = "-"
AT_ONCE = 1000  # files; so that answers come while the rest is still to be read


@dataclass(frozen=True)
class Named:
    """A file, a folder or any other source; ``found`` where a pattern led to it."""

    path: str
    found: bool = False

    @property
    def is_picture(self) -> bool:
        """Whether it is a single picture, be it there or not, rather than a source of many."""
        if self.path == PIPED:
            return True
        kind = next(one for one in SOURCES if one.accepts(self.path))
        return kind is files or (kind is folder and not Path(self.path).is_dir())


def named(words: Sequence[str]) -> list[Named]:
    """What the words name, in their order; a word that is no path is a pattern, as in "photos/*.jpg".

    >>> named(["-"])
    [Named(path='-', found=False)]
    """
    things = []
    for word in words:
        if word == PIPED or Path(word).exists():
            things.append(Named(word))
            continue
        matches = sorted(glob(word, recursive=True), key=natural)  # noqa: PTH207 - a pattern may be absolute
        things += [Named(match, found=True) for match in matches] or [Named(word)]
    return things


def read_list(text: bytes) -> list[Named]:
    """One path a line, as ``find`` prints them."""
    lines = text.decode("utf-8", "surrogateescape").splitlines()
    return [Named(line.strip()) for line in lines if line.strip()]


def answers(
    models: Sequence[Any],
    things: Sequence[Named],
    *,
    piped: Callable[[], bytes],
    on_problem: Callable[[Problem], None],
    **settings: Any,
) -> Iterator[Any]:
    """A ``Prediction`` for every picture, in the order they were named; ``settings`` are those of ``predict``.

    What cannot be read goes to ``on_problem`` and never stops the rest. ``piped`` gives the bytes of "-".
    """
    from convscope.train.predict import predict

    for single, group in groupby(things, lambda thing: thing.is_picture):
        paths = [thing.path for thing in group]
        parts = [paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE)]
        for part in parts if single else paths:
            try:
                images = one_by_one(part, piped) if isinstance(part, list) else open_images(part)
                rows = predict(models, images, on_problem=on_problem, **settings)
            except BadImages as error:
                on_problem(Problem(str(part), str(error)))
                continue
            by_name = {row.id: row for row in rows}
            # a file that was named twice is answered twice
            yield from (by_name[path] for path in part if path in by_name) if isinstance(part, list) else rows


def one_by_one(paths: Sequence[str], piped: Callable[[], bytes]) -> Images:
    """Single pictures that are read, or found to be unreadable, only when their turn comes."""
    unique = tuple(dict.fromkeys(paths))
    return Images(
        name=unique[0] if len(unique) == 1 else f"{len(unique)} files",
        ids=unique,
        labels=np.full(len(unique), -1),
        classes=(),
        splits=("",) * len(unique),
        read=partial(_read, unique, piped),
    )


def _read(paths: Sequence[str], piped: Callable[[], bytes], row: int) -> np.ndarray:
    path = paths[row]
    return decode(piped() if path == PIPED else read_file(Path(path)))
