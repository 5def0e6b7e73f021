"""Networks trained as their author did: preset ``paper``."""

from typing import Any

import torch
from torch import nn

from convscope.errors import BadSpec
from convscope.nets import nielsen
from convscope.train.recipe import Recipe

VOTE = "nielsen9"  # five of the eighth network, trained one by one


def paper_settings(net: str | None, train_images: int) -> dict[str, Any]:
    """How the author of a named network trained it; raises BadSpec where that is not known here.

    Nielsen divides his lambda by the number of mini-batches, shows pixels from 0 to 1 as they are, and
    keeps one order of the images in every epoch.
    """
    course = nielsen.COURSES.get(net or "")
    if course is None or net == VOTE:
        known = ", ".join(name for name in nielsen.COURSES if name != VOTE)
        raise BadSpec(
            f"preset is 'paper', which does not know how {net!r} was trained: choose a net of {known}"
        )
    return {
        "optimizer": "sgd",
        "momentum": 0.0,
        "schedule": "constant",
        "lr": course.rate,
        "weight_decay": course.decay * nielsen.BATCH / max(train_images, 1),
        "batch": nielsen.BATCH,
        "epochs": course.epochs,
        "smoothing": 0.0,
        "augment": "none",
        "shuffle": False,
        "standardise": False,
    }


def paper_notes(recipe: Recipe) -> tuple[str, ...]:
    """What is not as in the book."""
    course = nielsen.COURSES.get(recipe.net or "") if recipe.preset == "paper" else None
    if course is None or not course.expanded:
        return ()
    return (
        "Nielsen trained this network on the images and their shifts by one pixel; here it is on the images alone.",
    )


def draw_weights(net: nn.Sequential, seed: int) -> None:
    """First weights as the author drew them, torch's own random state left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        nielsen.initialise(net)
