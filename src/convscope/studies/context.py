"""Is it the thing, or what stands around it? The object covered against everything but the object covered."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.model.filling import filling
from convscope.plain.share import percent
from convscope.plain.why import Trial
from convscope.studies.suspicion import FEWEST, Suspicion, Telling

KEPT = 0.5  # of the pictures that must lose the class with the object covered, else it lives without it
HOW = (
    "where the things are is not known: give boxes.csv (image,x0,y0,x1,y1 in source pixels, a line a box) beside the "
    "atlas or with --boxes FILE, or the box of this picture with --box x0,y0,x1,y1"
)


class Boxable(NamedTuple):
    """The picture that is asked about, ``[C, H, W]``, and where its object is, bool ``[H, W]``."""

    pixels: Tensor
    mask: np.ndarray


def context(suspicion: Suspicion, masks: Mapping[int, np.ndarray], own: Boxable | None = None) -> Trial:
    """Cover the object, and all but the object, in the pictures called the class whose ``masks`` (by row) are known."""
    told = Telling(
        "context", "Cover the thing, or all around it",
        f"Speaks for a shortcut where fewer than {percent(KEPT)} of the pictures lose the class with the thing covered, and more "
        "lose it with everything else covered (the 95 % intervals lie apart).",
        "It does not show which part of the surroundings: more pixels are covered around a small thing than on it, and a "
        "filled picture is a strange one.",
    )  # fmt: skip
    places = _places(suspicion, masks)
    alone = "" if own is None else _alone(suspicion, own)
    if len(places) < FEWEST:
        boxed = f"{len(places)} of the images looked at have a box and are called {suspicion.name}, {FEWEST} are needed"
        return told.untested("; ".join(filter(None, (alone, boxed if masks or own else HOW))))
    inside = np.stack([masks[int(row)] for row in suspicion.rows[places]])
    pictures = torch.cat(list(suspicion.batches(places)))
    without_thing, without_rest = (
        suspicion.lost(covered(suspicion, pictures, hidden)) for hidden in (inside, ~inside)
    )
    found = (
        f"with everything but the thing covered {without_rest} stop being called {suspicion.name}; with the thing covered "
        f"{without_thing}; the boxes are {percent(inside.mean())} of these pictures{f'; {alone}' if alone else ''}"
    )
    speaks = without_thing.rate < KEPT and without_rest.above(without_thing)
    return told.shares(speaks, found, without_rest, without_thing)


def _places(suspicion: Suspicion, masks: Mapping[int, np.ndarray]) -> np.ndarray:
    """Places among the images looked at that have a box and are called the class, at most as many as are covered."""
    boxed = np.isin(suspicion.rows, list(masks))
    return suspicion.some(boxed & (suspicion.called == suspicion.predicted), suspicion.settings.covered)


def covered(suspicion: Suspicion, pictures: Tensor, hidden: np.ndarray) -> Tensor:
    """Pictures ``[N, C, H, W]`` with what is ``hidden`` ``[N, H, W]`` filled as the settings say."""
    fills = torch.stack([filling(suspicion.model, one, suspicion.settings.fill) for one in pictures])
    return torch.where(torch.from_numpy(hidden)[:, None], fills, pictures)


def _alone(suspicion: Suspicion, own: Boxable) -> str:
    """What the two do to the picture itself: one picture, so without an interval."""
    three = own.pixels.expand(3, *own.pixels.shape)
    hidden = np.stack([np.zeros_like(own.mask), own.mask, ~own.mask])
    shares = suspicion.model.probabilities(covered(suspicion, three, hidden))
    before, thing, rest = shares[:, suspicion.predicted].tolist()
    return (
        f"in this picture {suspicion.name} goes from {percent(before)} to {percent(thing)} with the thing covered, to {percent(rest)} with "
        "all around it covered (one picture has no interval)"
    )
