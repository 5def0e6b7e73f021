"""A training run at one step, on disk: one safetensors file, verified when read."""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from convscope.errors import BadAtlas
from convscope.plain.files import sync_folder, write_bytes

SCHEMA = 2
Tensors = dict[str, Tensor]


def write_checkpoint(path: Path, tensors: Tensors, about: dict[str, Any]) -> None:
    """Tensors and plain data in one file, so that they are never of different steps."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    digest = _digest(plain)
    header = {"schema": str(SCHEMA), "about": json.dumps(about), "sha256": digest}
    write_bytes(path, save(plain, metadata=header))


def write_newest(last: Path, before: Path, tensors: Tensors, about: dict[str, Any]) -> None:
    """Write ``last`` and keep what it was as ``before``; at every instant one of them is whole."""
    coming = last.with_name("next.safetensors")
    write_checkpoint(coming, tensors, about)
    if last.exists():
        last.replace(before)
    coming.replace(last)
    sync_folder(last.parent)


def read_newest(last: Path, before: Path) -> tuple[Tensors, dict[str, Any], tuple[str, ...]]:
    """What ``last`` holds or, where it is missing or damaged, ``before``, with a note; raises BadAtlas."""
    try:
        return *read_checkpoint(last), ()
    except BadAtlas:
        if not before.exists():
            raise
        tensors, about = read_checkpoint(before)
        what = "damaged" if last.exists() else "missing"
        return tensors, about, (f"{last} is {what}: continued from {before.name}, step {about.get('step')}.",)


def read_checkpoint(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """What ``write_checkpoint`` wrote; raises BadAtlas where a byte has changed."""
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
        tensors = load(path.read_bytes())
    except FileNotFoundError as error:
        raise BadAtlas(f"there is no checkpoint {path}: the run never finished a step") from error
    except (OSError, SafetensorError) as error:
        raise BadAtlas(f"the checkpoint {path} is damaged: {error}. Start a new run.") from error
    if header.get("schema") != str(SCHEMA):
        raise BadAtlas(f"{path} is no checkpoint of schema {SCHEMA}: start a new run")
    if header["sha256"] != _digest(tensors):
        raise BadAtlas(f"the checkpoint {path} is damaged: its SHA-256 differs. Start a new run.")
    return tensors, json.loads(header["about"])


def _digest(tensors: Tensors) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Tensors) -> Tensors:
    """The tensors of one prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
