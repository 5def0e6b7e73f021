"""Single image files, or a list of them, without classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.source import Images
from convscope.images.verify import look_at


def accepts(source: Any) -> bool:
    if isinstance(source, str | Path):
        return Path(source).is_file()
    listed = isinstance(source, list | tuple) and len(source) > 0
    return listed and all(isinstance(path, str | Path) for path in source)


def open_source(source: str | Path | Sequence[str | Path]) -> Images:
    """The readable ones of these files; ids are the paths as given. Raises BadImages if none is."""
    given = [source] if isinstance(source, str | Path) else source
    paths = tuple(dict.fromkeys(Path(path) for path in given))
    ids = tuple(path.as_posix() for path in paths)
    files = look_at(paths)
    if not files.readable:
        first = files.problems(ids)[0]
        others = f" (and {len(paths) - 1} other files)" if len(paths) > 1 else ""
        raise BadImages(f"cannot read {first.path}{others}: {first.reason}.")
    repeated = len(given) - len(paths)
    return Images(
        name=paths[0].name if len(paths) == 1 else f"{len(paths)} files",
        ids=tuple(ids[row] for row in files.readable),
        labels=np.full(len(files.readable), -1),
        classes=(),
        splits=("",) * len(files.readable),
        problems=files.problems(ids),
        notes=(*([f"Files given more than once: {repeated}."] if repeated else []), *files.notes()),
        rows=files.readable,
        read=files.read,
        measure=files.measure,
        evidence=files.evidence,
        seen=files.glance,
    )
