"""Weights from a file or, where the user asks for them by name, from their publisher."""

from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from convscope.errors import BadModel

PICKLE = (
    "a torch file is a pickle, and reading one can run foreign code, so convscope does not. Convert it "
    "once where you trust it: safetensors.torch.save_file(module.state_dict(), 'weights.safetensors')"
)


def is_file(weights: str | Path) -> bool:
    """Whether the weights are meant as a file rather than as a name."""
    return isinstance(weights, Path) or Path(weights).suffix != "" or Path(weights).exists()


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; raises BadModel, for a torch file with the next step."""
    if Path(path).suffix in (".pt", ".pth", ".ckpt", ".bin"):
        raise BadModel(f"{path}: {PICKLE}")
    try:
        return load(Path(path).read_bytes())
    except OSError as error:
        raise BadModel(f"cannot read the weights {path}: {error.strerror}") from error
    except SafetensorError as error:
        raise BadModel(f"{path} is no intact safetensors file: {error}") from error


def download(make: Callable[[], nn.Module], name: str) -> nn.Module:
    """Weights that the user asked for by name; raises BadModel where no network is there."""
    try:
        return make()
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise BadModel(
            f"cannot fetch the weights of {name}: {reason}. Give a file: weights=FILE.safetensors"
        ) from error
