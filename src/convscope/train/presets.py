"""Presets: plain tables of settings, each used where the recipe leaves the setting open."""

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
    "shuffle": True,
    "standardise": True,
}
PRESETS: dict[str, dict[str, Any]] = {
    "fast": BALANCED,
    "balanced": BALANCED,
    # and, on small images, a deeper network: of 2,000 pictures of clothes held out it had 92.4 % right, the
    # network of "balanced" 91.6 % in as many epochs; one seed each, the test images no better (benchmarks/accuracy.json)
    "best": BALANCED,
}
EFFORT = {"fast": 0.25, "balanced": 1.0, "best": 2.0}  # training time, where no epochs are asked
# (learning rate, weight decay) that go with an optimiser: AdamW's decay is multiplied by the rate alone
RATES = {"adamw": (3e-3, 0.5), "sgd": (0.05, 5e-4)}


def settled(recipe: Recipe, train_images: int) -> Recipe:
    """The recipe with what its preset says wherever nothing was asked; raises BadSpec."""
    if recipe.preset == "paper":
        from convscope.train.paper import paper_settings

        recipe = fill(recipe, paper_settings(recipe.net, train_images))
    recipe = fill(recipe, PRESETS.get(recipe.preset, BALANCED))
    rate, decay = RATES[recipe.optimizer or "adamw"]
    return fill(recipe, {"lr": rate, "weight_decay": decay})


def fill(recipe: Recipe, settings: dict[str, Any]) -> Recipe:
    """The recipe with these values where it has None.

    >>> fill(Recipe(lr=0.5), {"lr": 1.0, "smoothing": 0.2}).lr
    0.5
    """
    return replace(
        recipe, **{name: value for name, value in settings.items() if getattr(recipe, name) is None}
    )
