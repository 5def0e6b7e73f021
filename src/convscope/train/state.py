"""What changes while training: weights, optimiser, the place reached, and what was measured so far."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from convscope.train.average import Average
from convscope.train.checkpoint import (
    prefixed,
    read_checkpoint,
    read_newest,
    under,
    write_checkpoint,
    write_newest,
)
from convscope.train.choice import Row, highest, kept_epoch
from convscope.train.optimizer import optimizer_tensors, restore_optimizer
from convscope.train.run import Run

PLAIN = ("step", "steps", "parts", "rolled_back", "seconds", "running", "history", "notes")


@dataclass(eq=False)
class State:
    """A network in training; ``step`` counts finished steps over all epochs, of ``steps`` that are planned."""

    net: nn.Module
    optimizer: torch.optim.Optimizer
    steps: int
    average: Average | None = None
    step: int = 0
    parts: int = 1  # in which a batch is shown: more where memory ran out
    rolled_back: int = 0  # how often the loss was no number
    seconds: float = 0.0  # spent in all sittings
    running: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])  # loss, right, seen
    history: list[dict[str, Any]] = field(default_factory=list)  # one entry a finished epoch
    notes: list[str] = field(default_factory=list)  # what happened on the way
    kept: dict[str, Tensor] = field(default_factory=dict)  # the weights of the best epoch
    saved: float = field(default_factory=perf_counter)
    frozen: tuple[nn.Module, ...] = ()  # norms that keep the statistics they have
    shares: Mapping[str, float] = field(default_factory=dict)  # of the learning rate, by parameter

    @property
    def best(self) -> Row | None:
        """The epoch whose weights are kept."""
        return kept_epoch(self.history)

    @property
    def epochs(self) -> int:
        """How many epochs are finished; epoch 0, of a new classifier alone, is none of them."""
        return sum(row["epoch"] > 0 for row in self.history)

    def to_train(self) -> None:
        """Training mode, but for what is frozen."""
        self.net.train()
        for layer in self.frozen:
            layer.eval()

    def ends(self, patience: int | None) -> bool:
        """Whether all steps are done, or the most accurate epoch is ``patience`` epochs ago."""
        since = self.epochs - (highest(self.history) or {}).get("epoch", 0)
        return self.step >= self.steps or (patience is not None and since >= patience)

    def count(self, loss: float, right: float, seen: int) -> None:
        """One more step is done: its summed loss and how many of the images were right."""
        self.step += 1
        self.running = [a + b for a, b in zip(self.running, (loss, right, seen), strict=True)]
        if self.average is not None:
            self.average.update(self.net, self.step)

    def means(self) -> tuple[float, float]:
        """(loss, accuracy) of the epoch so far."""
        loss, right, seen = self.running
        return loss / max(seen, 1), right / max(seen, 1)

    def take_means(self) -> tuple[float, float]:
        """(loss, accuracy) of the epoch that ends here; the next one counts from zero."""
        means = self.means()
        self.running = [0.0, 0.0, 0.0]
        return means

    @contextmanager
    def judged(self) -> Iterator[nn.Module]:
        """The network as it is validated and kept: in evaluation, with averaged weights where there are any."""
        self.net.eval()
        try:
            if self.average is None:
                yield self.net
            else:
                with self.average.worn(self.net):
                    yield self.net
        finally:
            self.to_train()

    def weights(self) -> dict[str, Tensor]:
        """A copy of the weights as they are judged."""
        with self.judged() as net:
            return {name: tensor.clone() for name, tensor in net.state_dict().items()}

    def write(self, run: Run) -> None:
        """All that is needed to go on from here."""
        tensors = prefixed("net.", self.net.state_dict())
        tensors |= prefixed("optimizer.", optimizer_tensors(self.optimizer))
        tensors |= prefixed("average.", {} if self.average is None else self.average.tensors)
        write_newest(run.last, run.before, tensors, {name: getattr(self, name) for name in PLAIN})
        self.saved = perf_counter()

    def write_best(self, run: Run) -> None:
        """The weights of the best epoch and its numbers, once there is one."""
        if self.kept:
            write_checkpoint(run.best, self.kept, {"best": self.best})

    def restore(self, run: Run) -> tuple[str, ...]:
        """Go on exactly where ``write`` was; notes on what was damaged. Raises BadAtlas."""
        tensors, about, notes = read_newest(run.last, run.before)
        self.net.load_state_dict(under("net.", tensors))
        restore_optimizer(self.optimizer, under("optimizer.", tensors))
        if self.average is not None:
            self.average.restore(under("average.", tensors))
        for name in PLAIN:
            setattr(self, name, about[name])
        if self.history:
            self.kept, _ = read_checkpoint(run.best)
        return notes
