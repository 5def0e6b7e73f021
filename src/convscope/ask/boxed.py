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
    atlas: Atlas,
    fit: Fit,
    boxes: Boxes,
    settings: Inquiry,
    *,
    row: int | None,
    predicted: int,
    box: Any,
    size: tuple[int, int],
) -> Boxed:
    """Masks of at most ``settings.covered`` images called ``predicted``, and of the picture: by ``box``, or by its row.

    ``size`` is the picture's (height, width) in source pixels. Raises BadImages where ``box`` is none, or lies outside.
    """
    called = [
        place
        for place in np.flatnonzero(atlas.images.predicted == predicted)
        if atlas.images.ids[place] in boxes
    ]
    some = np.random.default_rng(settings.seed).permutation(called)[: settings.covered].astype(int)
    masks = {int(place): _mask_of(atlas, fit, boxes, int(place)) for place in np.sort(some)}
    given = None if box is None else (parse_box(box) if isinstance(box, str) else Box(*box),)
    if given is None and row is not None and atlas.images.ids[row] in boxes:
        own = _mask_of(atlas, fit, boxes, row)
    else:
        own = None if given is None else mask(fit, given, *size)
    if given is not None and own is not None and not own.any():
        raise BadImages(
            f"the box {box} lies outside what the network is shown of the {size[0]} x {size[1]} picture"
        )
    return Boxed(
        {place: one for place, one in masks.items() if one.any()},
        own if own is not None and own.any() else None,
    )


def _mask_of(atlas: Atlas, fit: Fit, boxes: Boxes, row: int) -> np.ndarray:
    images = atlas.images
    return mask(fit, boxes[images.ids[row]], int(images.heights[row]), int(images.widths[row]))


def mask(fit: Fit, boxes: Iterable[Box], height: int, width: int) -> np.ndarray:
    """Which pixels of the network's input ``[H, W]`` any of the ``boxes`` of a ``height`` x ``width`` source touches."""
    made = np.zeros((fit.height, fit.width), dtype=bool)
    for box in boxes:
        left, top, right, bottom = fit.input_box(box, height, width)
        made[floor(top) : ceil(bottom), floor(left) : ceil(right)] = True
    return made
