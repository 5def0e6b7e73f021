"""What a training run tells while it goes: plain data for whoever shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Started:
    """The run is set up: nothing has been learnt yet (or, resumed, not since ``step``)."""

    folder: str
    net: str
    parameters: int
    classes: int
    train_images: int
    val_images: int
    epochs: int
    steps: int
    step: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One batch later: running loss and accuracy of this epoch, seconds still to go."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    eta: float


@dataclass(frozen=True)
class Epoch:
    """Every training image was seen once more; accuracies are fractions, ``kept`` says whether its weights are kept so far."""

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    lr: float
    seconds: float
    kept: bool


@dataclass(frozen=True)
class Finished:
    """The best weights are saved; ``report`` is the content of ``report.json``."""

    folder: str
    report: dict[str, Any]


Event = Started | Step | Epoch | Finished
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
