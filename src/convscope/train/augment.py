"""Small changes that keep the class: shift, turn, scale, recolour, mirror where sides mean the same."""

from dataclasses import dataclass, replace
from math import sqrt
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convscope.train.order import draws

NUMBERS = 10  # per sample: down, right, turn, scale, hue, mirror, tone, how much of it, hole down, hole right


class Changes(NamedTuple):
    """What happens to each sample: where its pixels come from, how its colours mix, what is covered."""

    affine: Tensor  # float32 [samples, 2, 3], as torch's affine_grid takes it
    colours: Tensor | None = None  # float32 [samples, 3, 3]; None where colours stay
    tones: Tensor | None = None  # float32 [samples, 2]: which, as a share of TONES, and how much
    holes: Tensor | None = None  # int64 [samples, 4]: top, left, bottom, right

    def of(self, rows: Tensor) -> "Changes":
        """The changes of these samples."""
        colours, tones, holes = (None if part is None else part[rows] for part in self[1:])
        return Changes(self.affine[rows], colours, tones, holes)

    def apply(self, batch: Tensor) -> Tensor:
        """Float images ``[N, C, H, W]`` from 0 to 255 after their changes; edges are continued."""
        if self.colours is not None and batch.shape[1] == 3:  # grey has no hue
            batch = torch.einsum("nij,njhw->nihw", self.colours.to(batch.device), batch)
        affine = self.affine.to(batch.device)
        grid = functional.affine_grid(affine, list(batch.shape), align_corners=False)
        batch = functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)
        if self.tones is not None:
            from convscope.train.tones import change_tones  # its torchvision takes two seconds, of every run

            batch = change_tones(batch, self.tones)
        return batch if self.holes is None else cover(batch, self.holes)


@dataclass(frozen=True)
class Augmentation:
    """How far a picture may go: shift as a share of its side, turn and hue in radians, scale as a share.

    ``tones`` changes brightness, contrast, sharpness, … of each picture, one at a time as TrivialAugment does
    (Müller & Hutter 2021, arXiv 2103.10158); ``hole`` is the side of a square that is covered with mid-grey,
    as a share of the picture's (DeVries & Taylor 2017, arXiv 1708.04552).
    """

    shift: float = 0.0
    turn: float = 0.0
    scale: float = 0.0
    hue: float = 0.0
    mirror: bool = False
    tones: bool = False
    hole: float = 0.0

    def changes(self, seed: int, epoch: int, samples: int, size: tuple[int, int]) -> Changes | None:
        """The changes of every sample of an epoch, for images of ``size``; None where nothing changes."""
        if self == Augmentation():
            return None
        chance = draws(seed, epoch, samples, NUMBERS)
        hue = self.hue * (chance[:, 4] * 2 - 1)
        colours = torch.from_numpy(hue_rotation(hue)) if self.hue else None
        tones = torch.from_numpy(chance[:, 6:8]) if self.tones else None
        holes = torch.from_numpy(self._holes(chance[:, 8:], size)) if self.hole else None
        return Changes(torch.from_numpy(self._affine(chance, size)), colours, tones, holes)

    def _holes(self, chance: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        # the centre may lie anywhere, so that a hole at the border is cut
        half = self.hole / 2
        edges = [(chance + way) * size for way in (-half, half)]
        return np.clip(np.round(np.concatenate(edges, 1)), 0, (*size, *size)).astype(np.int64)

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


def cover(batch: Tensor, holes: Tensor) -> Tensor:
    """Float images ``[N, C, H, W]`` with a rectangle of mid-grey each; ``holes`` as in ``Changes``."""
    return torch.where(inside(holes.to(batch.device), *batch.shape[2:]), 127.5, batch)


def inside(boxes: Tensor, height: int, width: int) -> Tensor:
    """Which pixels lie in a box each, bool ``[N, 1, H, W]``; ``boxes`` as holes in ``Changes``."""
    top, left, bottom, right = boxes.T[:, :, None]
    down, across = (torch.arange(side, device=boxes.device) for side in (height, width))
    rows, columns = (down >= top) & (down < bottom), (across >= left) & (across < right)
    return rows[:, None, :, None] & columns[:, None, None]


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
    "strong": Augmentation(shift=0.125, turn=0.25, scale=0.25, hue=0.3, mirror=True, tones=True, hole=0.35),
}
