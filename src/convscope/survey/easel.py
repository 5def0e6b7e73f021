"""Winners drawn on tiles: what each unit saw, and the projection back to the pixels under its layer's lens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from convscope.atlas import layout
from convscope.model.backward import Rule
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.projection import project_crops
from convscope.model.validity import judge
from convscope.model.winners import project_winners
from convscope.plain.fit import match_channels
from convscope.plain.render import scale_tile, signed, tile_box, window
from convscope.plain.smooth import smooth
from convscope.plain.validity import Validity
from convscope.survey.lens import stride_of
from convscope.survey.pixels import Pixels
from convscope.survey.tiles import Tiles

PAIRS_A_PASS = 32  # (unit, image) pairs sent down together


@dataclass(frozen=True)
class Pair:
    """One winner: its channel, its rank, its image and place."""

    channel: int
    rank: int
    row: int
    y: int
    x: int


def list_pairs(image: np.ndarray, y: np.ndarray, x: np.ndarray, group: range) -> list[Pair]:
    """The images of some channels, ``[C, n]`` each, ordered by image so that each is read once."""
    pairs = [
        Pair(c, r, int(image[c, r]), int(y[c, r]), int(x[c, r]))
        for c in group
        for r in range(image.shape[1])
        if image[c, r] >= 0
    ]
    return sorted(pairs, key=lambda pair: (pair.row, pair.channel, pair.rank))


def tile_side(model: Model) -> int:
    """Pixels of a strip tile: larger for larger pictures; a multiple of 16, so that tiles do not bleed (``encode``)."""
    return 64 if max(model.fit.height, model.fit.width) <= 96 else 80


@dataclass(frozen=True, eq=False)
class Easel:
    """All that is needed to draw winners of one layer of an atlas in ``root``; ``numbers`` are the layer's arrays.

    ``rule`` makes its projections; tiles show the ``middle`` of the field (height, width), or all of it.
    """

    root: Path
    model: Model
    pixels: Pixels
    layer: Layer
    numbers: Mapping[str, np.ndarray]
    rule: Rule
    middle: tuple[int, int] | None = None

    def blank(self, group: range) -> Tiles:
        return Tiles.blank(len(group), self.numbers["image"].shape[1], tile_side(self.model))

    def pairs(self, group: range, ranks: slice = slice(None)) -> list[Pair]:
        """The winners of some channels and ranks."""
        kept = range(self.numbers["image"].shape[1])[ranks]
        found = list_pairs(self.numbers["image"], self.numbers["y"], self.numbers["x"], group)
        return [pair for pair in found if pair.rank in kept]

    def box(self, pair: Pair) -> tuple[int, int, int, int]:
        """What a winner's tile shows of its image (left, top, width, height): what its unit sees, or the middle of it."""
        seen = self.layer.field.unclipped(pair.y, pair.x)
        return tile_box(seen, self.model.fit.height, self.model.fit.width, self.middle)

    def centre(self, pair: Pair, corner: Sequence[int]) -> tuple[float, float]:
        """The middle of what a winner's unit sees, (y, x) as counted from a ``corner`` (top, left)."""
        seen = self.layer.field.unclipped(pair.y, pair.x)
        return (seen.top + seen.bottom) / 2 - corner[0], (seen.left + seen.right) / 2 - corner[1]

    def patch(self, pair: Pair) -> np.ndarray:
        """That part of the image, uint8 ``[height, width, 3]``."""
        return window(match_channels(self.pixels.shown(pair.row), 3), self.box(pair), layout.OUTSIDE)


def paint_patches(easel: Easel, group: range, tiles: Tiles) -> None:
    """Draw what every winner of some channels saw."""
    for pair in easel.pairs(group):
        patch, place = easel.patch(pair), pair.channel - group.start
        tiles.patches[place, pair.rank] = scale_tile(patch, tiles.patches.shape[2])
        tiles.small_patches[place, pair.rank] = scale_tile(patch, layout.SHEET_TILE)


def paint_projections(easel: Easel, group: range, tiles: Tiles, pairs: list[Pair]) -> Validity | None:
    """Draw the projections of some winners; how far they may be trusted, None where there were no winners."""
    validity, stride = None, stride_of(easel.model, easel.layer)
    # what is alike, together: one unit at one place is sent down once
    pairs = sorted(pairs, key=lambda pair: (pair.channel, pair.y, pair.x, pair.rank))
    for start in range(0, len(pairs), PAIRS_A_PASS):
        some = pairs[start : start + PAIRS_A_PASS]
        signals, corners, validity = project_pairs(easel, some)
        if validity.label == "refused":
            continue  # the tiles stay hatched
        for pair, signal, corner in zip(some, signals, corners, strict=True):
            left, top, width, height = easel.box(pair)
            cut = window(signal, (left - int(corner[1]), top - int(corner[0]), width, height), 0.0)
            crop = smooth(cut, stride)
            at = pair.channel - group.start, pair.rank
            tiles.projections[at], tiles.scale[at] = signed(scale_tile(crop, tiles.projections.shape[2]))
            tiles.small_projections[at] = signed(scale_tile(crop, layout.SHEET_TILE)).pixels
            tiles.projected[at] = 1
    return validity


def project_pairs(easel: Easel, pairs: list[Pair]) -> tuple[np.ndarray, np.ndarray, Validity]:
    """Signals ``[N, H, W, C]`` of some winners and their corners in the image, ``[N, 2]``.

    All zero, and labelled so, where the method is refused.
    """
    batch = easel.pixels.batch([pair.row for pair in pairs])
    channels = torch.tensor([pair.channel for pair in pairs])
    positions = torch.tensor([(pair.y, pair.x) for pair in pairs])
    asked = easel.model, batch, easel.layer.name, channels, positions
    seen = project_winners(*asked) if easel.rule == "deconvnet" else project_crops(*asked, easel.rule)
    validity = judge(easel.model, easel.layer, seen.descent, easel.rule)
    signals = seen.signal.permute(0, 2, 3, 1).float().cpu().numpy()
    refused = validity.label == "refused"
    return (np.zeros_like(signals) if refused else signals), seen.corners.cpu().numpy(), validity
