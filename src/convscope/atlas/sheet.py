"""The figure of Zeiler & Fergus: for many channels of a layer, nine projections beside nine patches."""

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.errors import BadAtlas

GAP = 10
WHITE = 255
ACROSS = 3


def draw_sheet(atlas: Atlas, layer: str, channels: int) -> np.ndarray:
    """uint8 ``[h, w, 3]``: the channels with the highest maximum, strongest first, three or four a row.

    Each is a block of 3 x 3 projections beside 3 x 3 patches; first-layer filters stand above them.
    Raises BadAtlas where the layer has no pictures yet.
    """
    found = atlas.layer(layer)
    if not found.pictures:
        raise BadAtlas(f"{found.name} has no pictures yet: run `convscope survey` again to finish the atlas")
    order = np.argsort(-atlas.numbers(layer)["maximum"], kind="stable")[:channels]
    blocks = [_block(atlas, found.name, int(channel)) for channel in order]
    rows = [_beside(blocks[start : start + ACROSS]) for start in range(0, len(blocks), ACROSS)]
    if found.kernels:
        rows.insert(0, np.asarray(Image.open(layout.kernels_file(atlas.path, found.name)).convert("RGB")))
    return _below(rows)


def _block(atlas: Atlas, layer: str, channel: int) -> np.ndarray:
    path = layout.strip_file(atlas.path, layer, channel)
    try:
        strip = np.asarray(Image.open(path).convert("RGB"))
    except OSError as error:
        raise BadAtlas(f"cannot read {path}: run `convscope survey` again to finish the atlas") from error
    side = strip.shape[0] // 2
    patches, projections = strip[:side], strip[side:]
    return _beside([_nine(projections, side), _nine(patches, side)], gap=2)


def _nine(row: np.ndarray, side: int) -> np.ndarray:
    tiles = [row[:, start : start + side] for start in range(0, min(row.shape[1], 9 * side), side)]
    tiles += [np.full_like(tiles[0], WHITE)] * (9 - len(tiles))
    return np.concatenate([np.concatenate(tiles[i : i + 3], axis=1) for i in (0, 3, 6)])


def _beside(pictures: list[np.ndarray], gap: int = GAP) -> np.ndarray:
    height = max(picture.shape[0] for picture in pictures)
    width = sum(picture.shape[1] for picture in pictures) + gap * (len(pictures) - 1)
    page = np.full((height, width, 3), WHITE, dtype=np.uint8)
    left = 0
    for picture in pictures:
        page[: picture.shape[0], left : left + picture.shape[1]] = picture
        left += picture.shape[1] + gap
    return page


def _below(pictures: list[np.ndarray]) -> np.ndarray:
    return _beside([picture.transpose(1, 0, 2) for picture in pictures]).transpose(1, 0, 2)
