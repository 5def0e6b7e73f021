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


def save_model(model: Model, folder: Path) -> None:
    """Write weights and manifest; the manifest, last, holds the SHA-256 of the weights."""
    if model.architecture is None:
        raise BadModel(
            f"{model.name} was given as a module and cannot be rebuilt from a file: save its weights yourself"
        )
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.module.state_dict().items()}
    weights = save(state)
    write_bytes(folder / WEIGHTS, weights)
    write_json(folder / MANIFEST, manifest(model) | {"sha256": hashlib.sha256(weights).hexdigest()})


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
    try:
        return about, load(weights)
    except SafetensorError as error:
        raise BadModel(f"{folder / WEIGHTS} is damaged: {error}") from error


def load_state(module: torch.nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Put weights into a module, all of them or none; raises BadModel naming the first that do not fit."""
    own = module.state_dict()
    missing = [name for name in own if name not in state and not name.endswith("num_batches_tracked")]
    extra = [name for name in state if name not in own]
    shapes = [name for name in own if name in state and own[name].shape != state[name].shape]
    for what, names in (("lacks", missing), ("has unknown", extra), ("has another shape for", shapes)):
        if names:
            listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise BadModel(f"{source} {what} {listed}: these weights belong to another network")
    broken = [
        name for name, tensor in state.items() if tensor.is_floating_point() and not tensor.isfinite().all()
    ]
    if broken:
        raise BadModel(f"{source} holds NaN or infinity in {broken[0]}: these weights are damaged")
    module.load_state_dict(state, strict=False)
