"""The run that an atlas lies in: its epochs, as the training wrote them down."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any

from convscope.atlas.read import Atlas


@dataclass(frozen=True)
class Epoch:
    """One line of metrics.jsonl; accuracies are fractions."""

    epoch: int
    loss: float
    val_loss: float
    accuracy: float
    val_accuracy: float
    lr: float
    kept: bool


@dataclass(frozen=True)
class Run:
    """What a run folder tells: its epochs, and its report (empty while it is unfinished)."""

    folder: Path
    epochs: tuple[Epoch, ...]
    report: dict[str, Any]

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def best(self) -> Epoch:
        """The epoch whose weights were kept; runs of before that was written kept the most accurate, of equals that of lower loss."""
        kept = [one for one in self.epochs if one.kept]
        return kept[-1] if kept else min(self.epochs, key=lambda one: (-one.val_accuracy, one.val_loss))

    @property
    def gap(self) -> float:
        """Training accuracy less validation accuracy at the best epoch; with augmentation it flatters."""
        return self.best.accuracy - self.best.val_accuracy

    def made(self, atlas: Atlas) -> bool:
        """Whether the atlas shows the weights that this run ended with."""
        return self.report.get("model") == atlas.manifest["model"]["id"]


def run_of(atlas: Atlas) -> Run | None:
    """The run folder that an atlas lies in; None where it lies elsewhere, or nothing was written down."""
    folder = atlas.path.resolve().parent
    epochs = tuple(_epochs(folder / "metrics.jsonl"))
    if not epochs:
        return None
    report: Any = None
    with suppress(OSError, ValueError):
        report = json.loads((folder / "report.json").read_text("utf-8"))
    return Run(folder, epochs, report if isinstance(report, dict) else {})


def _epochs(path: Path) -> Iterator[Epoch]:
    """The lines that are whole; a run that is still going may be writing the last one."""
    names = [one.name for one in fields(Epoch) if one.name != "kept"]
    lines: list[str] = []
    with suppress(OSError, ValueError):
        lines = path.read_text("utf-8").splitlines()
    for line in lines:
        with suppress(ValueError, LookupError, TypeError):
            row = json.loads(line)
            numbers = [float(row[name]) for name in names]
            if all(map(isfinite, numbers)):
                yield Epoch(int(numbers[0]), *numbers[1:], kept=row.get("kept") is True)
