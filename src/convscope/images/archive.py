"""A zip of class folders, read where it lies: nothing is unpacked to the disk."""

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from convscope.errors import BadImages
from convscope.images.decode import LARGEST_FILE
from convscope.images.listing import NOT_READ, READ, SYSTEM_NAMES, Listing
from convscope.images.memory import stamp
from convscope.images.placing import SPLITS, place, placed_images
from convscope.images.source import Images, Problem, natural
from convscope.images.verify import look_at

MEMBERS = 1_000_000
RATIO = 100  # times its packed size; image files hardly shrink in a zip
SPARED = 1_000_000  # bytes up to which a file may unpack to any size


@dataclass(frozen=True)
class Member:
    """One file in a zip."""

    archive: Path
    name: str
    mark: str

    def __str__(self) -> str:
        return f"{self.archive}/{self.name}"

    @property
    def stamp(self) -> str:
        return self.mark and f"{self.mark}:{self.name}"

    def read_bytes(self) -> bytes:
        """The unpacked file; raises BadImages with the reason alone."""
        try:
            with _opened(self.archive, self.mark, os.getpid()).open(self.name) as file:
                data = file.read(LARGEST_FILE + 1)
        except (
            OSError,
            zipfile.BadZipFile,
            RuntimeError,
            NotImplementedError,
            EOFError,
            ValueError,
        ) as error:
            raise BadImages(
                f"damaged in the zip ({' '.join(str(error).split()) or type(error).__name__})"
            ) from error
        if len(data) > LARGEST_FILE:
            raise BadImages(f"unpacks to more than {LARGEST_FILE:,} bytes")
        return data


def accepts(source: Any) -> bool:
    return isinstance(source, str | Path) and Path(source).suffix.casefold() == ".zip"


def open_source(source: str | Path) -> Images:
    """Every image of a zip, by its name; classes and splits by its folders, as in a folder on the disk.

    Names that lead out of the archive, links, encrypted files and files that unpack to far more than
    they are packed in are refused one by one, in ``problems``. Raises BadImages where nothing is left.
    """
    path = Path(source).resolve()
    mark = stamp(path)
    members = _members(path)
    refused = {name: reason for name, info in members.items() if (reason := next(_against(info), ""))}
    names = _without_outer_folder([name for name in members if name not in refused])
    listing = _listing(names, refused)
    placed, misplaced = place(listing)
    files = look_at((Member(path, names[one.path], mark) for one in placed), place=str(path))
    images = placed_images(path.name, listing, placed, misplaced, files)
    if not len(images):
        first = images.problems[0] if images.problems else None
        why = (
            f": {len(images.problems)} files failed, the first is {first.path}: {first.reason}"
            if first
            else ""
        )
        raise BadImages(f"no readable image in {source}{why}; zip a folder of class folders.")
    return images


def _members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Name -> entry of every file in the zip; the first of equal names."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except FileNotFoundError as error:
        raise BadImages(f"there is no zip {str(path)!r}; check the spelling.") from error
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise BadImages(f"{path} is no intact zip ({error}); pack it again.") from error
    if len(infos) > MEMBERS:
        raise BadImages(f"{path} has {len(infos):,} entries; at most {MEMBERS:,} are read. Unpack it first.")
    return {info.filename: info for info in reversed(infos) if not info.is_dir()}


def _without_outer_folder(names: list[str]) -> dict[str, str]:
    """Path -> name in the zip, without the one folder that all files lie in, as most programs pack a folder so."""
    visible = [name for name in names if _kind(name) != "hidden"]
    tops = {name.partition("/")[0] for name in visible}
    deep = all(name.count("/") >= 2 for name in visible if _kind(name) == "candidate")
    outer = f"{min(tops)}/" if len(tops) == 1 and deep and min(tops).casefold() not in SPLITS else ""
    return {name.removeprefix(outer): name for name in names}


def _listing(names: Iterable[str], refused: Mapping[str, str]) -> Listing:
    """The entries as a folder would be listed."""
    found: dict[str, list[str]] = {"candidate": [], "hidden": [], "other": []}
    for name in sorted(names, key=lambda name: [natural(part) for part in name.split("/")]):
        found[_kind(name)].append(name)
    candidates, hidden, others = (tuple(paths) for paths in found.values())
    folders = {str(parent) for name in (*candidates, *others) for parent in PurePosixPath(name).parents}
    problems = tuple(Problem(name, reason) for name, reason in refused.items())
    return Listing(tuple(sorted(folders - {"."})), candidates, hidden, others, problems)


def _kind(name: str) -> str:
    parts = name.split("/")
    if any((part.startswith(".") and part != "..") or part.casefold() in SYSTEM_NAMES for part in parts):
        return "hidden"
    return "candidate" if PurePosixPath(name).suffix.casefold() in READ | NOT_READ else "other"


def _against(info: zipfile.ZipInfo) -> Iterator[str]:
    """Why an entry must not be read."""
    parts = info.filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
        yield "a name that leads out of the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        yield "a link"
    if info.flag_bits & 1:
        yield "encrypted"
    if info.file_size > LARGEST_FILE:
        yield f"{info.file_size:,} bytes unpacked; at most {LARGEST_FILE:,} are read"
    if info.file_size > max(SPARED, RATIO * info.compress_size):
        yield f"unpacks to {info.file_size / max(info.compress_size, 1):,.0f} times its size; at most {RATIO} times"


@lru_cache(maxsize=8)
def _opened(path: Path, mark: str, process: int) -> zipfile.ZipFile:
    """The zip, open for reading; a forked process must open its own, as it would share the file's position."""
    return zipfile.ZipFile(path)
