"""Weights from a file: safetensors, or a torch file read for its tensors and nothing else."""

import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from convscope.errors import BadModel
from convscope.model.store import tensors_of

TORCH_FILES = (".pt", ".pth", ".ckpt", ".bin", ".tar")
WRAPPED = ("state_dict", "model_state_dict", "model")  # under which training scripts keep the weights
PREFIXES = {"module.": "DataParallel", "_orig_mod.": "torch.compile"}


@dataclass(frozen=True)
class Weights:
    """Tensors by name, and what had to be done to find them."""

    tensors: dict[str, Tensor]
    notes: tuple[str, ...] = ()


def is_file(weights: str | Path) -> bool:
    """Whether the weights are meant as a file rather than as a name."""
    return isinstance(weights, Path) or Path(weights).suffix != "" or Path(weights).is_file()


def read_weights(path: str | Path) -> Weights:
    """The tensors of a safetensors file, or of a torch file that holds tensors and plain data only.

    Raises BadModel saying what the file holds besides, and how to convert it.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadModel(f"cannot read the weights {path}: {error.strerror}") from error
    is_safetensors = data[8:9] == b"{"  # after the length of its header
    if not is_safetensors and (Path(path).suffix in TORCH_FILES or data[:2] in (b"PK", b"\x80\x02")):
        return _unwrapped(_read_torch(data, str(path)), str(path))
    return _without_prefix(tensors_of(data, str(path)))


def _read_torch(data: bytes, source: str) -> Any:
    """What a torch file holds, read by the loader that admits tensors and plain data only; there is no other way."""
    try:
        _no_compressed_parts(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own concerns; ours are the errors below
            return torch.load(BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or hostile file raises at least eleven kinds
        raise BadModel(f"{source} {_reason(str(error))}. {CONVERT}") from error


def _no_compressed_parts(data: bytes) -> None:
    """torch stores its tensors as they are; a compressed part could grow a thousandfold."""
    if not zipfile.is_zipfile(BytesIO(data)):
        return
    with zipfile.ZipFile(BytesIO(data)) as parts:
        if any(name.endswith("/constants.pkl") for name in parts.namelist()):
            raise ValueError("TorchScript")  # which compresses its parts too
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts.infolist()):
            raise ValueError("compressed")


CONVERT = "Convert it once where you trust it: safetensors.torch.save_file(module.state_dict(), 'weights.safetensors')"


def _reason(error: str) -> str:
    """Why a torch file was refused, from the loader's own words."""
    if named := re.search(r"GLOBAL (\S+)", error):
        return f"holds more than weights ({named[1]}), and reading that could run foreign code"
    if "TorchScript" in error:
        return "is a TorchScript program, not weights alone"
    if "compressed" in error:
        return "has compressed parts, which torch does not write"
    reason = " ".join(error.split(". ")[0].split())[:150]
    return f"is no intact torch file: {reason}" if re.search("[a-z]", reason) else "is no intact torch file"


def _unwrapped(held: Any, source: str) -> Weights:
    """The named tensors in what a training script has saved."""
    notes = []
    for key in WRAPPED:
        if isinstance(held, Mapping) and isinstance(held.get(key), Mapping):
            held = held[key]
            notes.append(f"The weights were found under {key!r}.")
            break
    if not isinstance(held, Mapping) or not held:
        raise BadModel(f"{source} holds a {type(held).__name__}, not tensors by name. {CONVERT}")
    odd = [key for key, value in held.items() if not isinstance(key, str) or not isinstance(value, Tensor)]
    if odd:
        raise BadModel(
            f"{source} holds {odd[0]!r}, which is no tensor; weights are looked for at the top or under "
            f"{', '.join(map(repr, WRAPPED))}. {CONVERT}"
        )
    tensors = {name: _sound(name, tensor, source) for name, tensor in held.items()}
    return _without_prefix(tensors, *notes)


def _without_prefix(tensors: dict[str, Tensor], *notes: str) -> Weights:
    """The tensors by the names that the network itself gives them."""
    for prefix, author in PREFIXES.items():
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
            notes += (f"The prefix {prefix!r} of {author} was taken off the names.",)
    return Weights(tensors, notes)


def _sound(name: str, tensor: Tensor, source: str) -> Tensor:
    """An ordinary tensor; raises BadModel for one that claims more numbers than the file holds."""
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise BadModel(f"{source} holds {name} as a sparse or quantised tensor: save it dense, in float32")
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise BadModel(f"{source} is refused: {name} claims more numbers than the file holds")
    return tensor.contiguous()
