"""What changes while training: weights, optimiser, the place reached, and what was measured so far."""

from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from convscope.train.checkpoint import prefixed, read_checkpoint, under, write_checkpoint
from convscope.train.optimizer import optimizer_tensors, restore_optimizer


@dataclass(eq=False)
class State:
    """A network in training; ``step`` counts finished steps over all epochs."""

    net: nn.Module
    optimizer: torch.optim.Optimizer
    step: int = 0
    running: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])  # loss, right, seen
    history: list[dict[str, Any]] = field(default_factory=list)  # one entry a finished epoch
    kept: dict[str, Tensor] = field(default_factory=dict)  # the weights of the best epoch
    saved: float = field(default_factory=perf_counter)
    frozen: tuple[nn.Module, ...] = ()  # norms that keep the statistics they have

    @property
    def best(self) -> dict[str, Any] | None:
        """The epoch of highest validation accuracy; of equal ones the one with the lower loss."""
        return min(self.history, key=lambda row: (-row["val_accuracy"], row["val_loss"]), default=None)

    def to_train(self) -> None:
        """Training mode, but for what is frozen."""
        self.net.train()
        for layer in self.frozen:
            layer.eval()

    def count(self, loss: float, right: float, seen: int) -> None:
        """One more step is done: its summed loss and how many of the images were right."""
        self.step += 1
        self.running = [a + b for a, b in zip(self.running, (loss, right, seen), strict=True)]

    def means(self) -> tuple[float, float]:
        """(loss, accuracy) of the epoch so far."""
        loss, right, seen = self.running
        return loss / max(seen, 1), right / max(seen, 1)

    def take_means(self) -> tuple[float, float]:
        """(loss, accuracy) of the epoch that ends here; the next one counts from zero."""
        means = self.means()
        self.running = [0.0, 0.0, 0.0]
        return means

    def keep(self) -> None:
        """Remember the weights as they are now as the best."""
        self.kept = {name: tensor.clone() for name, tensor in self.net.state_dict().items()}

    def write(self, path: Path) -> None:
        """All that is needed to go on from here."""
        tensors = prefixed("net.", self.net.state_dict())
        tensors |= prefixed("optimizer.", optimizer_tensors(self.optimizer))
        about = {"step": self.step, "running": self.running, "history": self.history}
        write_checkpoint(path, tensors, about)
        self.saved = perf_counter()

    def write_best(self, path: Path) -> None:
        """The weights of the best epoch and its numbers, once there is one."""
        if self.kept:
            write_checkpoint(path, self.kept, {"best": self.best})

    def restore(self, last: Path, best: Path) -> None:
        """Go on exactly where ``write`` was; raises BadAtlas."""
        tensors, about = read_checkpoint(last)
        self.net.load_state_dict(under("net.", tensors))
        restore_optimizer(self.optimizer, under("optimizer.", tensors))
        self.step, self.running, self.history = about["step"], about["running"], about["history"]
        if self.history:
            self.kept, _ = read_checkpoint(best)
