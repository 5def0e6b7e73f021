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
# What "best" adds. Trained on half of the bundled training images and judged by the other half, a deeper network and
# covered squares each made the answers likelier: nll 0.332 without, 0.324 deeper, 0.315 both, of 90 % right in all
# three, where one seed tells no half point (benchmarks/accuracy_choices.json)
BEST: dict[str, Any] = {"hole": 0.35}
PATIENT = ("best",)  # presets that train a deeper network, and judge by fewer images
HELD_OUT = 0.2  # of the images
# where patience is asked, no more than these choose the epoch and the others are trained on: with one cycle of the rate
# the last epochs are the best ones, and there is little to choose (convscope.train.choice)
JUDGES = 500
# 24 epochs had 91.3 % of 2,000 held-out clothes, 12 epochs 90.6 % (one seed); more than 24 were not compared
EFFORT = {"fast": 0.25, "balanced": 1.0, "best": 2.5}  # training time, where no epochs are asked
# (learning rate, weight decay) that go with an optimiser: AdamW's decay is multiplied by the rate alone
RATES = {"adamw": (3e-3, 0.5), "sgd": (0.05, 5e-4)}


def settled(recipe: Recipe, train_images: int, share: float = 1.0) -> Recipe:
    """The recipe with what its preset says wherever nothing was asked, at a share of the usual rate; raises BadSpec."""
    if recipe.preset == "paper":
        from convscope.train.paper import paper_settings

        recipe = fill(recipe, paper_settings(recipe.net, train_images))
    if recipe.preset == "best":
        recipe = fill(recipe, BEST)
    recipe = fill(recipe, BALANCED)
    rate, decay = RATES[recipe.optimizer or "adamw"]
    return fill(recipe, {"lr": share * rate, "weight_decay": share * decay})


def held_out(recipe: Recipe, images: int) -> float:
    """The share of so many images that is kept from training.

    >>> held_out(Recipe(), 10_000), held_out(Recipe(preset="best"), 10_000), held_out(Recipe(preset="best"), 100)
    (0.2, 0.05, 0.2)
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
