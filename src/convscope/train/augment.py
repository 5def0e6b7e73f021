"""Small changes that keep the class: shift, turn, scale, recolour, mirror where sides mean the same."""

from dataclasses import dataclass, replace
from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convscope.train.order import draws

NUMBERS = 6  # per sample: down, right, turn, scale, hue, mirror


class Changes(NamedTuple):
    """What happens to each sample: where its pixels come from, and how its colours mix."""

    affine: Tensor  # float32 [samples, 2, 3], as torch's affine_grid takes it
    colours: Tensor | None  # float32 [samples, 3, 3]; None where colours stay

    def of(self, rows: Tensor) -> "Changes":
        """The changes of these samples."""
        return Changes(self.affine[rows], None if self.colours is None else self.colours[rows])

    def apply(self, batch: Tensor) -> Tensor:
        """Float images ``[N, C, H, W]`` after their changes; edges are continued."""
        if self.colours is not None:
            batch = torch.einsum("nij,njhw->nihw", self.colours.to(batch.device), batch)
        affine = self.affine.to(batch.device)
        grid = functional.affine_grid(affine, list(batch.shape), align_corners=False)
        return functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)


@dataclass(frozen=True)
class Augmentation:
    """How far a picture may go: shift as a share of its side, turn and hue in radians, scale as a share."""

    shift: float = 0.0
    turn: float = 0.0
    scale: float = 0.0
    hue: float = 0.0
    mirror: bool = False

    def changes(self, seed: int, epoch: int, samples: int, size: tuple[int, int]) -> Changes | None:
        """The changes of every sample of an epoch, for images of ``size``; None where nothing changes."""
        if self == Augmentation():
            return None
        chance = draws(seed, epoch, samples, NUMBERS)
        hue = self.hue * (chance[:, 4] * 2 - 1)
        colours = torch.from_numpy(hue_rotation(hue)) if self.hue else None
        return Changes(torch.from_numpy(self._affine(chance, size)), colours)

    def _affine(self, chance: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        down, right, turn, scale = (chance[:, :4] * 2 - 1).T
        zoom = 1 + scale * self.scale
        sign = np.where(chance[:, 5] < 0.5, -1, 1) if self.mirror else 1
        cosine, sine = zoom * np.cos(turn * self.turn), zoom * np.sin(turn * self.turn)
        # whole pixels: half of one would blur what training sees, but not what it is judged on
        down = np.round(down * self.shift * size[0]) / size[0]
        right = np.round(right * self.shift * size[1]) / size[1]
        # coordinates run from -1 to 1, so a shift by a share of the side counts twice
        rows = [[cosine * sign, -sine, 2 * right], [sine * sign, cosine, 2 * down]]
        return np.stack([np.stack(row, 1) for row in rows], 1).astype(np.float32)


def hue_rotation(angle: np.ndarray) -> np.ndarray:
    """Rotations of RGB about its grey axis, float32 ``[n, 3, 3]``: white, greys and contrast stay.

    >>> (hue_rotation(np.array([2 * np.pi / 3]))[0] @ [1, 0, 0]).argmax()  # a third turn: red to green
    np.int64(1)
    """
    cosine, sine = np.cos(angle), np.sin(angle) / sqrt(3)
    same, before, after = (1 + 2 * cosine) / 3, (1 - cosine) / 3 - sine, (1 - cosine) / 3 + sine
    rows = [[same, before, after], [after, same, before], [before, after, same]]
    return np.stack([np.stack(row, -1) for row in rows], -2).astype(np.float32)


SMALL = Augmentation(shift=0.0625, turn=0.15, scale=0.15)
AUGMENTATIONS = {
    "none": Augmentation(),
    "shift": Augmentation(shift=0.0625),
    "flip": replace(SMALL, mirror=True),
    "colour": replace(SMALL, mirror=True, hue=0.6),
}
