"""Training: a recipe, a loop, checkpoints, a report."""

from convscope.train.recipe import Recipe

__all__ = ["Recipe"]
