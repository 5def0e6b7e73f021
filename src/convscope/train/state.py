"""What changes while training: weights, optimiser, the place reached, and what was measured so far."""

from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from convscope.train.checkpoint import prefixed, read_checkpoint, under, write_checkpoint

WARM_UP = 0.25  # share of the steps in which the learning rate rises


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

    @property
    def best(self) -> dict[str, Any] | None:
        """The epoch of highest validation accuracy; of equal ones the one with the lower loss."""
        return min(self.history, key=lambda row: (-row["val_accuracy"], row["val_loss"]), default=None)

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
        for number, entry in self.optimizer.state_dict()["state"].items():
            tensors |= prefixed(f"optimizer.{number}.", entry)
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
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in under("optimizer.", tensors).items():
            number, _, key = name.partition(".")
            slots.setdefault(int(number), {})[key] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        self.step, self.running, self.history = about["step"], about["running"], about["history"]
        if self.history:
            self.kept, _ = read_checkpoint(best)


def make_optimizer(net: nn.Module, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101); biases and norms do not decay."""
    weights = [parameter for parameter in net.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in net.parameters() if parameter.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": weights, "weight_decay": weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=0.0,
    )


def learning_rate(step: int, steps: int, highest: float) -> float:
    """One cycle (Smith & Topin 2017, arXiv 1708.07120): up along a cosine, then down to zero.

    >>> [round(learning_rate(step, 8, 1.0), 2) for step in range(8)]
    [0.04, 0.52, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    """
    peak = max(WARM_UP * steps, 1)
    if step < peak:
        return highest * (0.04 + 0.96 * (1 - cos(pi * step / peak)) / 2)
    return highest * (1 + cos(pi * (step - peak) / max(steps - peak, 1))) / 2
