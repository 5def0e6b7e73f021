"""Pictures of what won: each channel's patches, and their projections back to the pixels.

In three steps, each over all layers: patches; the projections of the strongest winners; those of all others.
So a large atlas is worth looking at from the first on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.write import write_picture
from convscope.model.layer import Layer
from convscope.plain.fit import match_channels
from convscope.plain.render import scale_tile
from convscope.plain.validity import Validity
from convscope.survey.easel import Easel, list_pairs, paint_patches, paint_projections
from convscope.survey.tiles import OUTSIDE, Tiles, cut_row, duplicates, empty, row_of, sheet_of, strip

Step = Literal["patches", "first projections", "projections"]
STEPS: tuple[Step, ...] = ("patches", "first projections", "projections")
PENDING = Validity("refused", "projections of this layer have not been made yet.", ("refused",))


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


def sheets(layer: Layer) -> list[range]:
    """The channels of every sheet of a layer."""
    starts = range(0, layer.channels, layout.CHANNELS_A_SHEET)
    return [range(first, min(first + layout.CHANNELS_A_SHEET, layer.channels)) for first in starts]


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


def write_strips(easel: Easel, group: range, tiles: Tiles) -> None:
    """One strip a channel."""
    for place, channel in enumerate(group):
        picture = strip(tiles.patches[place], tiles.projections[place])
        write_picture(layout.strip_file(easel.root, easel.layer.name, channel), picture)


def write_sources(easel: Easel, group: range) -> None:
    """One row of thumbnails a channel: the whole images of its winners."""

    @lru_cache  # winners come ordered by image
    def whole(row: int) -> np.ndarray:
        return scale_tile(match_channels(easel.pixels.shown(row), 3), layout.THUMB)

    tiles = empty(len(group), easel.numbers["image"].shape[1], layout.THUMB, OUTSIDE)
    for pair in easel.pairs(group):
        tiles[pair.channel - group.start, pair.rank] = whole(pair.row)
    _write_rows(easel, group, tiles, layout.sources_file)


def write_quantiles(easel: Easel, group: range) -> None:
    """One row of patches a channel: the examples of every quantile."""
    side = layout.QUANTILE_TILE
    image, y, x = (
        easel.numbers[f"quantile_{name}"].reshape(easel.layer.channels, -1) for name in ("image", "y", "x")
    )
    tiles = empty(len(group), image.shape[1], side, OUTSIDE)
    for pair in list_pairs(image, y, x, group):
        tiles[pair.channel - group.start, pair.rank] = scale_tile(easel.patch(pair), side)
    _write_rows(easel, group, tiles, layout.quantiles_file)


def _write_rows(
    easel: Easel, group: range, tiles: np.ndarray, file: Callable[[Path, str, int], Path]
) -> None:
    for place, channel in enumerate(group):
        write_picture(file(easel.root, easel.layer.name, channel), row_of(tiles[place]))


def _write_sheet(easel: Easel, kind: str, sheet: int, small: np.ndarray) -> None:
    write_picture(layout.sheet_file(easel.root, easel.layer.name, kind, sheet), sheet_of(small))


def _patches_from_strips(easel: Easel, group: range, tiles: Tiles) -> None:
    try:
        for place, channel in enumerate(group):
            with Image.open(layout.strip_file(easel.root, easel.layer.name, channel)) as picture:
                tiles.patches[place] = cut_row(np.asarray(picture), tiles.patches.shape[2])
    except OSError:  # pictures are not flushed to the disk: after a power cut they may be cut off
        paint_patches(easel, group, tiles)
