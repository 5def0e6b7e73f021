"""What lies in a folder: files that may be images, and all the rest with its reason."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convscope.images.source import Problem, natural

SYSTEM_NAMES = {"__macosx", "thumbs.db", "desktop.ini"}  # and everything that begins with a dot
READ = frozenset((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"))
# images that are not read are named as problems, not passed over
NOT_READ = frozenset((".heic", ".heif", ".avif", ".jp2", ".jxl", ".svg", ".psd", ".ico"))
MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")


@dataclass(frozen=True)
class Listing:
    """Every entry of a folder, once: ``/``-separated paths below it, in natural order.

    ``candidates`` look like images by name or content, ``hidden`` are dot and system entries (a
    hidden folder is one entry), ``others`` are plain files that are no images.
    """

    folders: tuple[str, ...]
    candidates: tuple[str, ...]
    hidden: tuple[str, ...]
    others: tuple[str, ...]
    problems: tuple[Problem, ...]

    def notes(self) -> tuple[str, ...]:
        """One sentence for each kind of entry that was passed over."""
        kinds = (("hidden or system entries", self.hidden), ("files that are not images", self.others))
        return tuple(f"Ignored {kind}: {len(paths)} ({_some(paths)})." for kind, paths in kinds if paths)


def list_folder(root: Path) -> Listing:
    """Everything below ``root``; links to folders are never followed, links out of it never read."""
    found: dict[str, list[str]] = {"folder": [], "candidate": [], "hidden": [], "other": []}
    problems = []
    for path, kind in _walk(root):
        if kind in found:
            found[kind].append(path)
        else:
            problems.append(Problem(path, kind))
    folders, candidates, hidden, others = (tuple(sorted(paths, key=_place)) for paths in found.values())
    return Listing(
        folders, candidates, hidden, others, tuple(sorted(problems, key=lambda one: _place(one.path)))
    )


def _walk(root: Path) -> Iterator[tuple[str, str]]:
    """(path below root, kind or reason) of every entry that is not inside a hidden folder."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            yield folder.relative_to(root).as_posix(), f"cannot be opened: {error.strerror or error}"
            continue
        for entry in entries:
            path = Path(entry.path)
            kind = _kind(entry, root)
            if kind == "folder":
                waiting.append(path)
            yield path.relative_to(root).as_posix(), kind


def _kind(entry: os.DirEntry[str], root: Path) -> str:
    if entry.name.startswith(".") or entry.name.casefold() in SYSTEM_NAMES:
        return "hidden"
    try:
        if entry.is_symlink():
            return _kind_of_link(Path(entry.path), root)
        if entry.is_dir():
            return "folder"
        return _kind_of_file(Path(entry.path)) if entry.is_file() else "not a regular file"
    except OSError as error:
        return f"cannot be opened: {error.strerror or error}"


def _kind_of_link(path: Path, root: Path) -> str:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # Python 3.12 and older raise RuntimeError for a loop
        return "a link that leads nowhere"
    if not target.is_relative_to(root):
        return "a link that leads out of the folder"
    if target.is_dir():
        return "a link to a folder, which is read where it lies"
    return _kind_of_file(path) if target.is_file() else "not a regular file"


def _kind_of_file(path: Path) -> str:
    return "candidate" if path.suffix.casefold() in READ | NOT_READ or _begins_as_image(path) else "other"


def _begins_as_image(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(16)
    webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    bitmap = head[:2] == b"BM" and head[6:10] == bytes(4)
    return webp or bitmap or head.startswith(MAGIC)


def _place(path: str) -> list[object]:
    return [natural(part) for part in path.split("/")]


def _some(paths: tuple[str, ...]) -> str:
    return ", ".join(paths[:5]) + (", …" if len(paths) > 5 else "")
