"""What each step of an epoch is shown: a function of (seed, epoch, sample id), never of what happened before."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from convscope.train.augment import Changes
from convscope.train.mix import Mixture
from convscope.train.order import balanced, order
from convscope.train.pixels import Pixels
from convscope.train.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Mixed:
    """What the pictures of a batch are mixed with, and how."""

    others: "Batch"
    mixture: Mixture

    def at(self, places: np.ndarray) -> "Mixed":
        return Mixed(self.others.at(places), self.mixture.of(places))


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of the training images, how each of them is changed, and then mixed with another."""

    rows: np.ndarray
    changes: Changes | None
    mixed: Mixed | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def pixels(self, train: Pixels) -> Tensor:
        """The changed pixels, float32 from 0 to 255, ``[N, C, H, W]``."""
        values = train.values[torch.from_numpy(self.rows)].float()
        values = values if self.changes is None else self.changes.apply(values)
        if self.mixed is None:
            return values
        return self.mixed.mixture.apply(values, self.mixed.others.pixels(train))

    def targets(self, train: Pixels) -> list[tuple[Tensor, Tensor]]:
        """(share of each picture's target, class): float32 and int64 ``[N]``; two such pairs where pictures are mixed."""
        own = train.labels[torch.from_numpy(self.rows)]
        if self.mixed is None:
            return [(torch.ones(len(own), device=own.device), own)]
        share = self.mixed.mixture.share.to(own.device)
        ((_, others),) = self.mixed.others.targets(train)
        return [(share, own), (1 - share, others)]

    def split(self, parts: int) -> list["Batch"]:
        """The same images in at most this many batches."""
        places = [part for part in np.array_split(np.arange(len(self)), parts) if len(part)]
        return [self.at(part) for part in places]

    def at(self, places: np.ndarray) -> "Batch":
        changes = None if self.changes is None else self.changes.of(torch.from_numpy(places))
        return Batch(self.rows[places], changes, None if self.mixed is None else self.mixed.at(places))


def batches(
    recipe: Recipe,
    epoch: int,
    labels: np.ndarray,
    changes: Changes | None,
    count: int,
    mixture: Mixture | None = None,
) -> list[Batch]:
    """An epoch in ``count`` batches of nearly equal size."""
    visited = order(recipe.seed, epoch if recipe.shuffle else 0, len(labels))
    whole = Batch(_shown(recipe, epoch, labels), changes)
    if mixture is not None:
        whole = Batch(whole.rows, changes, Mixed(whole.at(mixture.partner), mixture))
    return [whole.at(places) for places in np.array_split(visited, count)]


def _shown(recipe: Recipe, epoch: int, labels: np.ndarray) -> np.ndarray:
    """The sample at each place of an epoch, before they are put in order."""
    return balanced(recipe.seed, epoch, labels) if recipe.balance == "sampler" else np.arange(len(labels))
