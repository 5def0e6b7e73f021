"""Small moves that keep the class: shift, turn, scale, and mirror where left and right mean the same."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convscope.train.order import draws

NUMBERS = 5  # per sample: down, right, turn, scale, mirror


@dataclass(frozen=True)
class Augmentation:
    """How far a picture may move: shift as a share of its side, turn in radians, scale as a share."""

    shift: float = 0.0
    turn: float = 0.0
    scale: float = 0.0
    mirror: bool = False

    def moves(self, seed: int, epoch: int, samples: int) -> Tensor | None:
        """One affine map ``[2, 3]`` per sample, or None where nothing moves."""
        if self == Augmentation():
            return None
        return torch.from_numpy(self._affine(draws(seed, epoch, samples, NUMBERS)))

    def _affine(self, chance: np.ndarray) -> np.ndarray:
        down, right, turn, scale = (chance[:, :4] * 2 - 1).T
        size = 1 + scale * self.scale
        sign = np.where(chance[:, 4] < 0.5, -1, 1) if self.mirror else 1
        cosine, sine = size * np.cos(turn * self.turn), size * np.sin(turn * self.turn)
        # coordinates run from -1 to 1, so a shift by a share of the side counts twice
        rows = [
            [cosine * sign, -sine, 2 * self.shift * right],
            [sine * sign, cosine, 2 * self.shift * down],
        ]
        return np.stack([np.stack(row, 1) for row in rows], 1).astype(np.float32)


AUGMENTATIONS = {
    "none": Augmentation(),
    "shift": Augmentation(shift=0.0625, turn=0.15, scale=0.15),
    "flip": Augmentation(shift=0.0625, turn=0.15, scale=0.15, mirror=True),
}


def move(batch: Tensor, affine: Tensor) -> Tensor:
    """Float images ``[N, C, H, W]`` seen through one affine map each; edges are continued."""
    grid = functional.affine_grid(affine, list(batch.shape), align_corners=False)
    return functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
