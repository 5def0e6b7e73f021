"""Where the things are in the images of an atlas: boxes in source pixels become masks of what the network reads."""

from collections.abc import Iterable, Mapping
from math import ceil, floor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convscope.atlas.read import Atlas
from convscope.errors import BadImages
from convscope.images.boxes import parse_box, read_boxes
from convscope.plain.boxes import Box
from convscope.plain.fit import Fit
from convscope.plain.why import Inquiry

BESIDE = "boxes.csv"  # beside the atlas, where no other file is given
Boxes = Mapping[str, tuple[Box, ...]]


class Boxed(NamedTuple):
    """``masks`` bool ``[H, W]`` by row of images called the class; ``own`` that of the picture asked about, or None."""

    masks: Mapping[int, np.ndarray]
    own: np.ndarray | None


def known_boxes(atlas: Atlas, boxes: Any) -> Boxes:
    """Boxes by image id: ``boxes`` itself, from a file, or from boxes.csv beside the atlas; raises BadImages."""
    beside = atlas.path.resolve().parent / BESIDE
    if isinstance(boxes, Mapping):
        return boxes
    if boxes is None and not beside.is_file():
        return {}
    found = read_boxes(beside if boxes is None else Path(boxes))
    if found and not found.keys() & set(atlas.images.ids):
        first = next(iter(found))
        raise BadImages(
            f"no image of {atlas.path} has a box in {boxes or beside}, which begins with {first!r}: ids are like "
            f"{atlas.images.ids[0]!r}"
        )
    return found


def boxed(
    atlas: Atlas, fit: Fit, boxes: Boxes, settings: Inquiry, *, row: int | None, predicted: int,
    own: np.ndarray | None,
) -> Boxed:  # fmt: skip
    """Masks of at most ``settings.covered`` images called ``predicted``, and of the picture: ``own``, or by its row."""
    called = np.flatnonzero(atlas.images.predicted == predicted)
    known = [place for place in called.tolist() if atlas.images.ids[place] in boxes]
    some = np.random.default_rng(settings.seed).permutation(known)[: settings.covered]
    if own is None and row is not None:
        own = _masks(atlas, fit, boxes, [row]).get(row)
    return Boxed(_masks(atlas, fit, boxes, sorted(map(int, some))), own)


def _masks(atlas: Atlas, fit: Fit, boxes: Boxes, rows: Iterable[int]) -> dict[int, np.ndarray]:
    """The mask of every row that has boxes, where the network is shown any of them."""
    images = atlas.images
    made = {
        row: mask(fit, boxes[images.ids[row]], int(images.heights[row]), int(images.widths[row]))
        for row in rows if images.ids[row] in boxes
    }  # fmt: skip
    return {row: one for row, one in made.items() if one.any()}


def mask_of(fit: Fit, box: Any, height: int, width: int) -> np.ndarray:
    """The mask of one ``box`` of a ``height`` x ``width`` picture; raises BadImages where it is none, or lies outside."""
    made = mask(fit, [parse_box(box)], height, width)
    if not made.any():
        raise BadImages(
            f"the box {box} lies outside what the network is shown of the {height} x {width} picture: "
            "give x0,y0,x1,y1 in pixels of that picture"
        )
    return made


def mask(fit: Fit, boxes: Iterable[Box], height: int, width: int) -> np.ndarray:
    """Which pixels of the network's input ``[H, W]`` any of the ``boxes`` of a ``height`` x ``width`` source touches."""
    made = np.zeros((fit.height, fit.width), dtype=bool)
    for box in boxes:
        left, top, right, bottom = fit.input_box(box, height, width)
        made[floor(top) : ceil(bottom), floor(left) : ceil(right)] = True
    return made
