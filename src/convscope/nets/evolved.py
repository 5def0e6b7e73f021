"""A trained network as it was after an earlier epoch: ``runs/NAME@EPOCH``."""

import re
from dataclasses import dataclass
from pathlib import Path

from convscope.errors import BadModel, UnknownName
from convscope.model.model import Model
from convscope.model.store import load_state, tensors_of

SERIES = Path("checkpoints", "series")


@dataclass(frozen=True)
class Checkpoint:
    """An epoch of the series that a run has kept."""

    run: Path
    epoch: int

    @property
    def file(self) -> Path:
        return self.run / SERIES / f"epoch-{self.epoch:04d}.safetensors"


def checkpoint_of(text: str) -> Checkpoint | None:
    """What ``runs/NAME@5`` means; None where it is no such address. Raises UnknownName naming the epochs there are."""
    match = re.fullmatch(r"(.+)@(\d+)", text)
    if match is None or not (Path(match[1]) / "config.yaml").is_file():
        return None
    found = Checkpoint(Path(match[1]), int(match[2]))
    if not found.file.is_file():
        hint = (
            f"{found.run} keeps epochs {', '.join(map(str, epochs_kept(found.run))) or 'none (--no-series)'}."
        )
        raise UnknownName("epoch", found.epoch, (), hint)
    return found


def epochs_kept(run: str | Path) -> list[int]:
    """The epochs whose weights a run has kept, in their order.

    >>> epochs_kept("runs/none")
    []
    """
    names = (path.stem for path in (Path(run) / SERIES).glob("epoch-*.safetensors"))
    return sorted(int(name.removeprefix("epoch-")) for name in names)


def replace_weights(model: Model, place: Checkpoint) -> Model:
    """A freshly opened model of the run with the weights of the checkpoint; raises BadModel."""
    try:
        tensors = tensors_of(place.file.read_bytes(), str(place.file))
    except OSError as error:
        raise BadModel(f"cannot read {place.file}: {error.strerror}") from error
    load_state(model.module, tensors, str(place.file))
    return Model(
        model.module,
        fit=model.fit,
        mean=model.mean,
        std=model.std,
        classes=model.classes,
        name=f"{model.name}@{place.epoch}",
        architecture=model.architecture,
        choose=model.choose,
        notes=(*model.notes, f"The weights are those after epoch {place.epoch}."),
    )
