"""A model on disk: safetensors and JSON, verified on reading, never pickled."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from convscope.errors import BadModel
from convscope.model.model import Model
from convscope.plain.files import write_bytes, write_json

WEIGHTS = "model.safetensors"
MANIFEST = "model.json"
FORMAT = "convscope model"
SCHEMA = 1
LONGEST_HEADER = 8_000_000  # of 59 MB, which the format allows, takes a minute and 1.4 GB to read


def save_model(model: Model, folder: str | Path) -> Path:
    """Write weights and manifest to ``folder``; the manifest, last, holds the SHA-256 of the weights.

    ``open_model(folder)`` opens it again, bit-equal. Raises BadModel for a network whose structure is known
    only to the user's own code, and for weights that are not finite.

    >>> cs.save_model(cs.open_model("resnet18", weights="default"), "kept/")  # doctest: +SKIP
    """
    folder = Path(folder)
    if model.architecture is None:
        raise BadModel(
            f"{model.name} is built by code of your own, so a file cannot rebuild it. Save its weights, "
            "safetensors.torch.save_file(module.state_dict(), 'weights.safetensors'), and open them again with "
            "open_model('net.py:factory', weights='weights.safetensors')"
        )
    # a copy each: tied weights share memory, which safetensors refuses
    state = {name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
             for name, tensor in model.module.state_dict().items()}  # fmt: skip
    refuse_broken(state, model.name)
    weights = save(state)
    write_bytes(folder / WEIGHTS, weights)
    write_json(folder / MANIFEST, manifest(model) | {"sha256": hashlib.sha256(weights).hexdigest()})
    return folder


def manifest(model: Model) -> dict[str, Any]:
    """All that a model is besides its weights, as plain data."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "name": model.name,
        "architecture": model.architecture,
        "fit": model.fit.as_dict(),
        "mean": list(model.mean),
        "std": list(model.std),
        "classes": list(model.classes),
        "choose": model.choose,
        "notes": list(model.notes),
        "temperature": model.calibration,
    }


def read_model(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Manifest and weights of a saved model; raises BadModel when a byte of the weights has changed."""
    path = folder / MANIFEST
    if not path.exists():
        raise BadModel(f"no model in {folder}: {MANIFEST} is missing. Train one with `convscope train DATA`.")
    try:
        about = json.loads(path.read_text("utf-8"))
        weights = (folder / WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise BadModel(f"cannot read the model in {folder}: {error}") from error
    if about.get("format") != FORMAT or about.get("schema") != SCHEMA:
        raise BadModel(f"{path} is not a convscope model of schema {SCHEMA}: it says {about.get('schema')!r}")
    if hashlib.sha256(weights).hexdigest() != about.get("sha256"):
        raise BadModel(
            f"{folder / WEIGHTS} is damaged: its SHA-256 is not the one in {MANIFEST}. Train again or restore it."
        )
    return about, tensors_of(weights, str(folder / WEIGHTS))


def tensors_of(data: bytes, source: str) -> dict[str, Tensor]:
    """The tensors of a safetensors file; raises BadModel for a damaged one and for a header beyond reason."""
    if int.from_bytes(data[:8], "little") > LONGEST_HEADER and data[8:9] == b"{":
        raise BadModel(f"{source} is refused: its header claims more than {LONGEST_HEADER:,} bytes")
    try:
        return load(data)
    except SafetensorError as error:
        raise BadModel(f"{source} is no intact safetensors file: {error}") from error


def load_state(module: torch.nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Put weights into a module, all of them or none; raises BadModel naming the first that do not fit."""
    own = module.state_dict()
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    extra = [name for name in state if name not in own]
    shapes = [
        f"{name} ({_size(state[name])} there, {_size(tensor)} here)"
        for name, tensor in own.items()
        if name in state and tensor.shape != state[name].shape
    ]
    for what, names in (("lacks", missing), ("has unknown", extra), ("has another shape for", shapes)):
        if names:
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise BadModel(f"{source} {what} {listed}: these weights belong to another network")
    refuse_broken(state, source)
    module.load_state_dict(state, strict=False)


def refuse_broken(state: dict[str, Tensor], source: str) -> None:
    """Raises BadModel where a weight is NaN or infinite."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise BadModel(f"{source} holds NaN or infinity in {name}: these weights are damaged")


def _size(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape))
