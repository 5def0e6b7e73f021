"""Pictures of what won: each channel's patches, and their projections back to the pixels.

In three steps, each over all layers: patches; the projections of the strongest winners; those of all others.
So a large atlas is worth looking at from the first on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.write import write_picture
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
from convscope.survey.tiles import OUTSIDE, Tiles, cut_row, duplicates, empty, row_of, sheet_of, strip

Step = Literal["patches", "first projections", "projections"]
STEPS: tuple[Step, ...] = ("patches", "first projections", "projections")
PAIRS_A_PASS = 32  # (unit, image) pairs sent down together
PENDING = Validity("refused", "projections of this layer have not been made yet.", ("refused",))


@dataclass(frozen=True)
class Pair:
    """One winner: its channel, its rank, its image and place."""

    channel: int
    rank: int
    row: int
    y: int
    x: int


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is known of a sheet after a step.

    Each ``[channels, k]``: the winners' scales, whether they repeat a stronger one, whether they are projected.
    ``first`` and ``first_small`` are the tiles of the strongest winners' projections after the step that made them.
    """

    scale: np.ndarray
    duplicate: np.ndarray
    projected: np.ndarray
    first: np.ndarray
    first_small: np.ndarray
    validity: Validity


def tile_side(model: Model) -> int:
    """Pixels of a strip tile: larger for larger pictures; a multiple of 16, so that tiles do not bleed (``encode``)."""
    return 64 if max(model.fit.height, model.fit.width) <= 96 else 80


def sheets(layer: Layer) -> list[range]:
    """The channels of every sheet of a layer."""
    starts = range(0, layer.channels, layout.CHANNELS_A_SHEET)
    return [range(first, min(first + layout.CHANNELS_A_SHEET, layer.channels)) for first in starts]


@dataclass(frozen=True, eq=False)
class Easel:
    """All that is needed to draw winners of one layer of an atlas in ``root``; ``numbers`` are the layer's arrays.

    ``rule`` makes its projections.
    """

    root: Path
    model: Model
    pixels: Pixels
    layer: Layer
    numbers: Mapping[str, np.ndarray]
    rule: Rule = "deconvnet"

    def blank(self, group: range) -> Tiles:
        return Tiles.blank(len(group), self.numbers["image"].shape[1], tile_side(self.model))

    def pairs(self, group: range, ranks: slice = slice(None)) -> list[Pair]:
        """The winners of some channels and ranks."""
        kept = range(self.numbers["image"].shape[1])[ranks]
        found = list_pairs(self.numbers["image"], self.numbers["y"], self.numbers["x"], group)
        return [pair for pair in found if pair.rank in kept]


def draw_sheet(easel: Easel, sheet: int, step: Step, before: Drawn | None) -> Drawn:
    """One step of one sheet of channels; ``before`` is what the step before it gave, None for the first."""
    group = sheets(easel.layer)[sheet]
    tiles = easel.blank(group)
    if step == "first projections":
        _patches_from_strips(easel, group, tiles)  # good enough to look at, until the last step
    else:
        paint_patches(easel, group, tiles)
    validity = _project(easel, group, tiles, step, before)
    write_strips(easel, group, tiles)
    _write_sheet(easel, "projections", sheet, tiles.small_projections)
    if before is None:
        _write_sheet(easel, "patches", sheet, tiles.small_patches)
        write_sources(easel, group)
        write_quantiles(easel, group)
        repeats = duplicates(tiles.small_patches, easel.numbers["image"][group.start : group.stop])
    else:
        repeats = before.duplicate
    kept = slice(1 if step == "first projections" else 0)
    first, small = tiles.projections[:, kept], tiles.small_projections[:, kept]
    return Drawn(tiles.scale, repeats, tiles.projected, first, small, validity)


def _project(easel: Easel, group: range, tiles: Tiles, step: Step, before: Drawn | None) -> Validity:
    """Draw the projections of a step: the strongest winners' beside those that are there already."""
    if before is None:
        return PENDING
    if step == "first projections":
        return paint_projections(easel, group, tiles, easel.pairs(group, slice(1))) or PENDING
    tiles.projections[:, :1], tiles.small_projections[:, :1] = before.first, before.first_small
    tiles.scale[:, 0], tiles.projected[:, 0] = before.scale[:, 0], before.projected[:, 0]
    return paint_projections(easel, group, tiles, easel.pairs(group, slice(1, None))) or before.validity


def paint_patches(easel: Easel, group: range, tiles: Tiles) -> None:
    """Draw what every winner of some channels saw."""
    for pair in easel.pairs(group):
        patch, place = _patch(easel, pair), pair.channel - group.start
        tiles.patches[place, pair.rank] = scale_tile(patch, tiles.patches.shape[2])
        tiles.small_patches[place, pair.rank] = scale_tile(patch, layout.SHEET_TILE)


def paint_projections(easel: Easel, group: range, tiles: Tiles, pairs: list[Pair]) -> Validity | None:
    """Draw the projections of some winners; how far they may be trusted, None where there were no winners."""
    validity, stride = None, stride_of(easel.model, easel.layer)
    pairs = sorted(
        pairs, key=lambda pair: (pair.channel, pair.y, pair.x, pair.rank)
    )  # what is alike, together
    for start in range(0, len(pairs), PAIRS_A_PASS):
        some = pairs[start : start + PAIRS_A_PASS]
        signals, corners, validity = project_pairs(easel, some)
        if validity.label == "refused":
            continue  # the tiles stay hatched
        for pair, signal, corner in zip(some, signals, corners, strict=True):
            left, top, width, height = _box(easel.layer, pair, easel.model)
            crop = window(signal, (left - int(corner[1]), top - int(corner[0]), width, height), 0.0)
            crop = smooth(crop, stride)
            at = pair.channel - group.start, pair.rank
            tiles.projections[at], tiles.scale[at] = signed(scale_tile(crop, tiles.projections.shape[2]))
            tiles.small_projections[at] = signed(scale_tile(crop, layout.SHEET_TILE)).pixels
            tiles.projected[at] = 1
    return validity


def write_strips(easel: Easel, group: range, tiles: Tiles) -> None:
    """One strip a channel."""
    for place, channel in enumerate(group):
        picture = strip(tiles.patches[place], tiles.projections[place])
        write_picture(layout.strip_file(easel.root, easel.layer.name, channel), picture)


def write_sources(easel: Easel, group: range) -> None:
    """One row of thumbnails a channel: the whole images of its winners."""
    rows = easel.numbers["image"][group.start : group.stop]
    side = layout.THUMB
    whole = {
        row: scale_tile(match_channels(easel.pixels.shown(row), 3), side)
        for row in np.unique(rows[rows >= 0])
    }
    for channel, winners in zip(group, rows, strict=True):
        tiles = empty(1, len(winners), side, OUTSIDE)[0]
        for rank, row in enumerate(winners):
            if row >= 0:
                tiles[rank] = whole[row]
        write_picture(layout.sources_file(easel.root, easel.layer.name, channel), row_of(tiles))


def write_quantiles(easel: Easel, group: range) -> None:
    """One row of patches a channel: the examples of every quantile."""
    side = layout.QUANTILE_TILE
    image, y, x = (
        easel.numbers[f"quantile_{name}"].reshape(easel.layer.channels, -1) for name in ("image", "y", "x")
    )
    tiles = empty(len(group), image.shape[1], side, OUTSIDE)
    for pair in list_pairs(image, y, x, group):
        tiles[pair.channel - group.start, pair.rank] = scale_tile(_patch(easel, pair), side)
    for place, channel in enumerate(group):
        write_picture(layout.quantiles_file(easel.root, easel.layer.name, channel), row_of(tiles[place]))


def _write_sheet(easel: Easel, kind: str, sheet: int, small: np.ndarray) -> None:
    write_picture(layout.sheet_file(easel.root, easel.layer.name, kind, sheet), sheet_of(small))


def _patches_from_strips(easel: Easel, group: range, tiles: Tiles) -> None:
    try:
        for place, channel in enumerate(group):
            with Image.open(layout.strip_file(easel.root, easel.layer.name, channel)) as picture:
                tiles.patches[place] = cut_row(np.asarray(picture), tiles.patches.shape[2])
    except OSError:  # pictures are not flushed to the disk: after a power cut they may be cut off
        paint_patches(easel, group, tiles)


def list_pairs(image: np.ndarray, y: np.ndarray, x: np.ndarray, group: range) -> list[Pair]:
    """The images of some channels, ``[C, n]`` each, ordered by image so that each is read once."""
    pairs = [
        Pair(c, r, int(image[c, r]), int(y[c, r]), int(x[c, r]))
        for c in group
        for r in range(image.shape[1])
        if image[c, r] >= 0
    ]
    return sorted(pairs, key=lambda pair: (pair.row, pair.channel, pair.rank))


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


def _box(layer: Layer, pair: Pair, model: Model) -> tuple[int, int, int, int]:
    return tile_box(layer.field.unclipped(pair.y, pair.x), model.fit.height, model.fit.width)


def _patch(easel: Easel, pair: Pair) -> np.ndarray:
    box = _box(easel.layer, pair, easel.model)
    return window(match_channels(easel.pixels.shown(pair.row), 3), box, OUTSIDE)
