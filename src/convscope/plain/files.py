"""Files that are absent, old and whole, or new and whole, but never half-written."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from convscope.errors import BadOutput


def write_bytes(path: Path, data: bytes | bytearray, *, durable: bool = True) -> None:
    """Write to a temporary name, flush to the disk, rename; raises BadOutput naming the place.

    Without ``durable`` nothing is flushed: whole after a crash of the program, not of the power.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            _write(temporary, data, durable)
        except FileNotFoundError:  # most of many files find their folder made
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(temporary, data, durable)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        blocked = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "a file is where its folder should be" if blocked else error.strerror or error
        raise BadOutput(f"cannot write {path}: {reason}. Choose another place with --out.") from error
    if durable:
        sync_folder(path.parent)


def _write(path: Path, data: bytes | bytearray, durable: bool) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last: they are durable only once the folder itself is on the disk."""
    if hasattr(os, "O_DIRECTORY"):
        with suppress(OSError):
            number = os.open(folder, os.O_DIRECTORY)
            try:
                os.fsync(number)
            finally:
                os.close(number)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path, data: Any) -> None:
    """JSON with numbers kept exact and no NaN; keys in the order given."""
    text = bytearray()
    # part by part: dumps would first hold a string for every number
    for part in json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=1).iterencode(data):
        text += part.encode("utf-8", "surrogateescape")
    text += b"\n"
    write_bytes(path, text)
