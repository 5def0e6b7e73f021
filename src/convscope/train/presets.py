"""Presets: what stands where the recipe leaves a setting open, and how much time each takes."""

from dataclasses import replace
from typing import Any

from convscope.train.recipe import Recipe

BALANCED: dict[str, Any] = {
    "optimizer": "adamw",
    "momentum": 0.9,
    "schedule": "one-cycle",
    "smoothing": 0.1,
    "ema": 0.0,
    "balance": "none",
    "augment": "auto",
    "mix": "none",
    "shuffle": True,
    "standardise": True,
}
# a deeper network on small images: of 2,000 pictures of clothes held out it had 92.4 % right, the usual one 91.6 % in as
# many epochs; of 1,000 test images 88.5 and 89.5 %: one seed each, within their intervals (benchmarks/accuracy.json)
PATIENT = ("best",)
HELD_OUT = 0.2  # of the images
# where patience is asked, no more than these choose the epoch and the others are trained on: of 1,000 test images of
# clothes 89.6, 89.5 and 90.1 % with 9,000 to train on, 88.5 % with 8,000 (one seed). Trained on 5,000 and judged by others,
# covered squares (90.0), a fifth convolution (90.5) and averaged weights (90.3) were hardly more than without (90.3; one
# seed each: benchmarks/accuracy.json, accuracy_choices.json)
JUDGES = 1_000
EFFORT = {"fast": 0.25, "balanced": 1.0, "best": 2.0}  # training time, where no epochs are asked
# (learning rate, weight decay) that go with an optimiser: AdamW's decay is multiplied by the rate alone
RATES = {"adamw": (3e-3, 0.5), "sgd": (0.05, 5e-4)}


def settled(recipe: Recipe, train_images: int, share: float = 1.0) -> Recipe:
    """The recipe with what its preset says wherever nothing was asked, at a share of the usual rate; raises BadSpec."""
    if recipe.preset == "paper":
        from convscope.train.paper import paper_settings

        recipe = fill(recipe, paper_settings(recipe.net, train_images))
    recipe = fill(recipe, BALANCED)
    rate, decay = RATES[recipe.optimizer or "adamw"]
    return fill(recipe, {"lr": share * rate, "weight_decay": share * decay})


def held_out(recipe: Recipe, images: int) -> float:
    """The share of so many images that is kept from training.

    >>> held_out(Recipe(), 10_000), held_out(Recipe(preset="best"), 10_000), held_out(Recipe(preset="best"), 100)
    (0.2, 0.1, 0.2)
    """
    if recipe.val is not None:
        return recipe.val
    return min(HELD_OUT, JUDGES / max(images, 1)) if recipe.preset in PATIENT else HELD_OUT


def fill(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """The recipe with these values where it has None.

    >>> fill(Recipe(lr=0.5), {"lr": 1.0, "smoothing": 0.2}).lr
    0.5
    """
    return replace(
        recipe, **{name: value for name, value in settings.items() if getattr(recipe, name) is None}
    )
