"""Pictures of what won: each channel's patches, and their projections back to the pixels.

In three steps, each over all layers: patches; the projections of the strongest winners; those of all others.
So a large atlas is worth looking at from the first on.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.write import write_picture
from convscope.model.layer import Layer
from convscope.plain.validity import Validity
from convscope.survey.context import write_context
from convscope.survey.easel import Easel, paint_patches, paint_projections
from convscope.survey.tiles import Tiles, cut_row, duplicates, sheet_of, strip

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
        write_context(easel, group)
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


def _write_sheet(easel: Easel, kind: str, sheet: int, small: np.ndarray) -> None:
    write_picture(layout.sheet_file(easel.root, easel.layer.name, kind, sheet), sheet_of(small))


def _patches_from_strips(easel: Easel, group: range, tiles: Tiles) -> None:
    try:
        for place, channel in enumerate(group):
            with Image.open(layout.strip_file(easel.root, easel.layer.name, channel)) as picture:
                tiles.patches[place] = cut_row(np.asarray(picture), tiles.patches.shape[2])
    except OSError:  # pictures are not flushed to the disk: after a power cut they may be cut off
        paint_patches(easel, group, tiles)
