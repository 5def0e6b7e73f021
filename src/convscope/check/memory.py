"""Which pictures are copies of which is remembered in the user's cache folder, so that a set is compared once."""

import hashlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from convscope.check.copies import Pairs, find_copies
from convscope.errors import BadOutput
from convscope.images.memory import cache_folder
from convscope.plain.files import write_bytes

VERSION = 1  # raise when ``find_copies`` finds something else
FEWEST = 100  # pictures; fewer are compared again as quickly


def copies(thumbnails: np.ndarray, shorter: np.ndarray) -> Pairs:
    """``find_copies``, from memory where the same pictures have been compared before."""
    file = _file(thumbnails, shorter)
    known = _recall(file)
    if known is not None:
        return known
    found = find_copies(thumbnails, shorter)
    if file is not None:
        with suppress(BadOutput):  # where the cache cannot be written, nothing is kept
            write_bytes(
                file,
                save({part: np.ascontiguousarray(rows) for part, rows in vars(found).items()}),
                durable=False,
            )
    return found


def _recall(file: Path | None) -> Pairs | None:
    """None where there is no intact memory."""
    if file is None or not file.is_file():
        return None
    try:
        return Pairs(**load_file(file))
    except (OSError, SafetensorError, ValueError, TypeError):
        return None  # a damaged memory costs a second comparison, no more


def _file(thumbnails: np.ndarray, shorter: np.ndarray) -> Path | None:
    folder = cache_folder()
    if folder is None or len(thumbnails) < FEWEST:
        return None
    asked = hashlib.sha256(f"{VERSION}:{thumbnails.shape}".encode())
    asked.update(thumbnails.tobytes())
    asked.update(shorter.astype(np.int64).tobytes())
    return folder / "copies" / f"{asked.hexdigest()[:24]}.safetensors"
