"""Files that are absent, old and whole, or new and whole, but never half-written."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from convscope.errors import BadOutput


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write to a temporary name, flush to the disk, rename; raises BadOutput naming the place.

    Without ``durable`` nothing is flushed: whole after a crash of the program, not of the power.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        blocked = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "a file is where its folder should be" if blocked else error.strerror or error
        raise BadOutput(f"cannot write {path}: {reason}. Choose another place with --out.") from error
    if durable and hasattr(os, "O_DIRECTORY"):  # a rename is durable only once its folder is
        with suppress(OSError):
            folder = os.open(path.parent, os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path: Path, data: Any) -> None:
    """JSON with numbers kept exact and no NaN; keys in the order given."""
    write_text(path, json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
