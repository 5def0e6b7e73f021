"""Pictures mixed two by two, and their classes with them, so that a network is less sure of what it has seen little of."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.train.augment import inside
from convscope.train.order import generator
from convscope.train.recipe import Mix

STREAM = 3  # of chance: none of the others'
MIXUP, CUTMIX = 0.2, 1.0  # of the beta distribution that the shares are drawn from


class Mixture(NamedTuple):
    """How each sample of an epoch is mixed with another; ``share`` of the target stays its own class's."""

    partner: np.ndarray  # int64 [samples]: the place of the other in the epoch
    share: Tensor  # float32 [samples]
    boxes: Tensor | None = (
        None  # int64 [samples, 4]: top, left, bottom, right of what is the other's; None: all
    )

    def of(self, places: np.ndarray) -> "Mixture":
        """The mixtures of these samples."""
        rows = torch.from_numpy(places)
        boxes = None if self.boxes is None else self.boxes[rows]
        return Mixture(self.partner[places], self.share[rows], boxes)

    def apply(self, batch: Tensor, others: Tensor) -> Tensor:
        """Float images ``[N, C, H, W]`` mixed with others: laid over each other, or a box of them pasted in."""
        if self.boxes is not None:
            return torch.where(inside(self.boxes.to(batch.device), *batch.shape[2:]), others, batch)
        share = self.share.to(batch.device).view(-1, 1, 1, 1)
        return share * batch + (1 - share) * others


def mixture(mix: Mix, seed: int, epoch: int, samples: int, size: tuple[int, int]) -> Mixture | None:
    """The mixtures of an epoch, for images of ``size``: a function of (seed, epoch, sample); None where nothing is mixed.

    "mixup" lays two pictures over each other (Zhang et al. 2018, arXiv 1710.09412), "cutmix" pastes a box of
    one into the other, whose target has the share of the picture that is left (Yun et al. 2019, arXiv 1905.04899).
    """
    if mix == "none":
        return None
    chance = generator(seed, epoch, STREAM)
    partner = chance.permutation(samples)
    if mix == "mixup":
        share = chance.beta(MIXUP, MIXUP, samples)
        return Mixture(partner, torch.from_numpy(share.astype(np.float32)))
    boxes = pasted(chance.beta(CUTMIX, CUTMIX, samples), chance.random((samples, 2)), size)
    return Mixture(partner, left(boxes, size), torch.from_numpy(boxes))


def pasted(share: np.ndarray, centre: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes about a centre that leave at least this share of a picture, int64 ``[n, 4]``; at the border they are cut.

    >>> pasted(np.array([0.75]), np.array([[0.5, 1.0]]), (8, 8)).tolist()
    [[2, 6, 6, 8]]
    """
    half = np.sqrt(1 - share)[:, None] / 2
    edges = np.concatenate([(centre - half) * size, (centre + half) * size], 1)
    return np.clip(np.round(edges), 0, (*size, *size)).astype(np.int64)


def left(boxes: np.ndarray, size: tuple[int, int]) -> Tensor:
    """The share of a picture outside its box, float32 ``[n]``."""
    top, start, bottom, end = boxes.T
    return torch.from_numpy((1 - (bottom - top) * (end - start) / (size[0] * size[1])).astype(np.float32))
