"""Pictures of what won: each channel's patches, and their projections back to the pixels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from convscope.atlas import layout
from convscope.atlas.write import write_picture
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.projection import project_crops
from convscope.model.validity import judge
from convscope.plain.fit import match_channels
from convscope.plain.render import ZERO, scale_tile, signed, tile_box, window
from convscope.plain.validity import Validity
from convscope.survey.pixels import Pixels

PAIRS_A_PASS = 32  # (unit, image) pairs sent down together
OUTSIDE = 235  # grey of what lies beyond the image in a patch
ACROSS = 3  # tiles of a channel on a sheet, each way
SAME_LOOK = 6.0  # mean grey levels between 8 x 8 thumbnails that look the same


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
    """What is known of a sheet once it is drawn: per winner its scale and whether it repeats a stronger one."""

    scale: np.ndarray
    duplicate: np.ndarray
    validity: Validity


@dataclass
class Tiles:
    """The tiles of a group of channels: ``[channels, k, side, side, 3]`` for strips and for sheets."""

    patches: np.ndarray
    projections: np.ndarray
    small_patches: np.ndarray
    small_projections: np.ndarray
    scale: np.ndarray

    @staticmethod
    def blank(channels: int, k: int, tile: int) -> "Tiles":
        """Grey tiles of a group, to be drawn on."""

        def empty(side: int, grey: int) -> np.ndarray:
            return np.full((channels, k, side, side, 3), grey, dtype=np.uint8)

        small = layout.SHEET_TILE
        scale = np.zeros((channels, k), dtype=np.float32)
        return Tiles(
            empty(tile, OUTSIDE), empty(tile, ZERO), empty(small, OUTSIDE), empty(small, ZERO), scale
        )


def tile_side(model: Model) -> int:
    """Pixels of a strip tile: larger for larger pictures."""
    return 64 if max(model.fit.height, model.fit.width) <= 96 else 96


def sheets(layer: Layer) -> list[range]:
    """The channels of every sheet of a layer."""
    starts = range(0, layer.channels, layout.CHANNELS_A_SHEET)
    return [range(first, min(first + layout.CHANNELS_A_SHEET, layer.channels)) for first in starts]


def draw_sheet(
    root: Path,
    model: Model,
    pixels: Pixels,
    layer: Layer,
    winners: Mapping[str, np.ndarray],
    sheet: int,
    *,
    project_them: bool,
) -> Drawn:
    """Draw the strips and the two small pictures of one sheet of channels."""
    group = sheets(layer)[sheet]
    tiles, validity = _tiles(model, pixels, layer, winners, group, project_them)
    for place, channel in enumerate(group):
        write_picture(layout.strip_file(root, layer.name, channel), strip(tiles, place))
    for kind, small in (("patches", tiles.small_patches), ("projections", tiles.small_projections)):
        write_picture(layout.sheet_file(root, layer.name, kind, sheet), sheet_of(small))
    flags = duplicates(tiles.small_patches, winners["image"][group.start : group.stop])
    return Drawn(tiles.scale, flags, validity)


def _tiles(
    model: Model,
    pixels: Pixels,
    layer: Layer,
    winners: Mapping[str, np.ndarray],
    group: range,
    project_them: bool,
) -> tuple[Tiles, Validity]:
    tile = tile_side(model)
    tiles = Tiles.blank(len(group), winners["image"].shape[1], tile)
    pairs = list_pairs(winners, group)
    for pair in pairs:
        place = pair.channel - group.start
        patch = _patch(model, pixels, layer, pair)
        tiles.patches[place, pair.rank] = scale_tile(patch, tile)
        tiles.small_patches[place, pair.rank] = scale_tile(patch, layout.SHEET_TILE)
    validity = Validity("refused", "projections were not asked for.", ("refused",))
    for start in range(0, len(pairs) if project_them else 0, PAIRS_A_PASS):
        some = pairs[start : start + PAIRS_A_PASS]
        signals, corners, validity = project_pairs(model, pixels, layer, some)
        for pair, signal, corner in zip(some, signals, corners, strict=True):
            place = pair.channel - group.start
            left, top, width, height = _box(layer, pair, model)
            crop = window(signal, (left - int(corner[1]), top - int(corner[0]), width, height), 0.0)
            tiles.projections[place, pair.rank], scale = signed(scale_tile(crop, tile))
            tiles.small_projections[place, pair.rank] = signed(scale_tile(crop, layout.SHEET_TILE)).pixels
            tiles.scale[place, pair.rank] = scale
    return tiles, validity


def list_pairs(winners: Mapping[str, np.ndarray], group: range) -> list[Pair]:
    """The winners of some channels, ordered by image so that each is read once."""
    pairs = [
        Pair(c, r, int(winners["image"][c, r]), int(winners["y"][c, r]), int(winners["x"][c, r]))
        for c in group
        for r in range(winners["image"].shape[1])
        if winners["image"][c, r] >= 0
    ]
    return sorted(pairs, key=lambda pair: (pair.row, pair.channel, pair.rank))


def project_pairs(
    model: Model, pixels: Pixels, layer: Layer, pairs: list[Pair]
) -> tuple[np.ndarray, np.ndarray, Validity]:
    """Deconvnet signals ``[N, H, W, C]`` of some winners and their corners in the image, ``[N, 2]``.

    All zero, and labelled so, where the method is refused.
    """
    batch = pixels.batch([pair.row for pair in pairs])
    channels = torch.tensor([pair.channel for pair in pairs])
    positions = torch.tensor([(pair.y, pair.x) for pair in pairs])
    seen = project_crops(model, batch, layer.name, channels, positions, "deconvnet")
    validity = judge(model, layer, seen.descent, "deconvnet")
    signals = seen.signal.permute(0, 2, 3, 1).float().cpu().numpy()
    refused = validity.label == "refused"
    return (np.zeros_like(signals) if refused else signals), seen.corners.cpu().numpy(), validity


def _box(layer: Layer, pair: Pair, model: Model) -> tuple[int, int, int, int]:
    return tile_box(layer.field.unclipped(pair.y, pair.x), model.fit.height, model.fit.width)


def _patch(model: Model, pixels: Pixels, layer: Layer, pair: Pair) -> np.ndarray:
    return window(match_channels(pixels.shown(pair.row), 3), _box(layer, pair, model), OUTSIDE)


def strip(tiles: Tiles, place: int) -> np.ndarray:
    """One channel: its patches in a row over their projections."""
    return np.concatenate(
        [np.concatenate(list(row[place]), axis=1) for row in (tiles.patches, tiles.projections)]
    )


def nine(tiles: np.ndarray) -> np.ndarray:
    """The first nine tiles ``[k, side, side, 3]`` as 3 x 3, blank where there are fewer."""
    side = tiles.shape[1]
    square = np.full((ACROSS * side, ACROSS * side, 3), ZERO, dtype=np.uint8)
    for rank, tile in enumerate(tiles[: ACROSS**2]):
        y, x = divmod(rank, ACROSS)
        square[y * side : (y + 1) * side, x * side : (x + 1) * side] = tile
    return square


def sheet_of(tiles: np.ndarray) -> np.ndarray:
    """Up to 64 channels, 8 a row, each 3 x 3."""
    side = ACROSS * tiles.shape[2]
    rows = -(-len(tiles) // layout.SHEET_ACROSS)
    sheet = np.full((rows * side, layout.SHEET_ACROSS * side, 3), ZERO, dtype=np.uint8)
    for place, channel in enumerate(tiles):
        y, x = divmod(place, layout.SHEET_ACROSS)
        sheet[y * side : (y + 1) * side, x * side : (x + 1) * side] = nine(channel)
    return sheet


def duplicates(patches: np.ndarray, image: np.ndarray) -> np.ndarray:
    """1 where a stronger winner's patch looks nearly the same, ``[channels, k]``."""
    channels, k, side = patches.shape[:3]
    eighth = side // 8
    thumbs = patches.reshape(channels, k, 8, eighth, 8, eighth, 3).mean(axis=(3, 5)).reshape(channels, k, -1)
    flags = np.zeros((channels, k), dtype=np.uint8)
    for rank in range(1, k):
        distance = np.abs(thumbs[:, :rank] - thumbs[:, rank : rank + 1]).mean(axis=2)
        flags[:, rank] = (distance < SAME_LOOK).any(axis=1) & (image[:, rank] >= 0)
    return flags
