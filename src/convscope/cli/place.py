"""Where a command writes: never over the file that it reads."""

from collections.abc import Iterable
from pathlib import Path

from convscope.errors import BadOutput


def keep(out: str | Path, read: Iterable[str | Path | None], flag: str = "--out") -> None:
    """Raises BadOutput where writing ``out`` would replace one of the files that are ``read``."""
    place = Path(out)
    if not place.is_file():
        return
    for one in read:
        if one is not None and Path(one).is_file() and place.samefile(one):
            raise BadOutput(
                f"cannot write {out}: it is the file that is read, and would be lost. Choose another place with {flag}."
            )
