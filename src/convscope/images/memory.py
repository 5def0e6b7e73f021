"""Looks at files are remembered in the user's cache folder, so that a set is decoded once."""

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from convscope.errors import BadOutput
from convscope.images.seen import THUMBNAIL, Seen
from convscope.plain.files import write_bytes

VERSION = 1  # raise when a look tells something else
FEWEST = 100  # files; fewer are looked at again as quickly
SETTLED = 2.0  # seconds: a file that changed just now may change again within the clock's resolution
VARIABLE = "CONVSCOPE_CACHE"


def recall(place: str) -> dict[str, Seen]:
    """Stamp -> what was seen, for one place; nothing where there is no intact memory of it."""
    file = _file(place)
    if file is None or not file.is_file():
        return {}
    try:
        with safe_open(file, framework="numpy") as stored:
            rows = json.loads((stored.metadata() or {})["seen"])
            thumbnails = stored.get_tensor("thumbnails")
        if thumbnails.shape != (len(rows), THUMBNAIL, THUMBNAIL, 3) or thumbnails.dtype != np.uint8:
            return {}
        return {stamp: _seen(facts, small) for (stamp, facts), small in zip(rows, thumbnails, strict=True)}
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return {}  # a damaged memory costs a second look, no more


def remember(place: str, seen: Mapping[str, Seen]) -> None:
    """Keep these looks under their stamps; where the cache cannot be written, nothing is kept.

    What could not be read is not kept: the reason may lie outside the file.
    """
    file = _file(place)
    kept = {stamp: one for stamp, one in seen.items() if stamp and one.thumbnail}
    if file is None or len(kept) < FEWEST:
        return
    flat = b"".join(one.thumbnail for one in kept.values())
    thumbnails = np.frombuffer(flat, np.uint8).reshape(-1, THUMBNAIL, THUMBNAIL, 3)
    facts = [[stamp, asdict(one) | {"thumbnail": None}] for stamp, one in kept.items()]
    with suppress(BadOutput):
        write_bytes(
            file, save({"thumbnails": thumbnails}, metadata={"seen": json.dumps(facts)}), durable=False
        )


def stamp(path: Path) -> str:
    """A text that changes when the file does: path, size, time of change; "" where it is too new to trust."""
    try:
        facts = path.stat()
    except OSError:
        return ""
    settled = time.time() - facts.st_mtime > SETTLED
    return f"{path}:{facts.st_size}:{facts.st_mtime_ns}" if settled else ""


def cache_folder() -> Path | None:
    """``$CONVSCOPE_CACHE``, or the place the system has for such files; None where it says "off"."""
    asked = os.environ.get(VARIABLE, "")
    if asked:
        return None if asked == "off" else Path(asked)
    if sys.platform == "darwin":
        return Path("~/Library/Caches/convscope").expanduser()
    system = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME", "")
    return Path(system or "~/.cache").expanduser() / "convscope"


def _file(place: str) -> Path | None:
    folder = cache_folder()
    name = hashlib.sha256(f"{VERSION}:{place}".encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return None if folder is None or not place else folder / "seen" / f"{name}.safetensors"


def _seen(facts: dict[str, Any], small: np.ndarray) -> Seen:
    facts |= {name: tuple(facts[name]) for name in ("size", "conversions")}
    return Seen(**{**facts, "thumbnail": small.tobytes()})
