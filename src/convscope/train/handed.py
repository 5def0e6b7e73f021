"""Which changes keep the class: a mirrored letter is another one, a mirrored cat is a cat."""

import re

from convscope.train.augment import AUGMENTATIONS
from convscope.train.recipe import Recipe

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SIDES = ["left", "right", "clockwise", "counterclockwise", "anticlockwise", "lefthand", "righthand"]
MIRRORED = [name for name, one in AUGMENTATIONS.items() if one.mirror]  # where it keeps the class


def choose_changes(classes: tuple[str, ...], grey: bool, recipe: Recipe) -> tuple[str, bool, str]:
    """(augmentation, whether to mirror, a note that says what and why)."""
    augment = recipe.augment or "auto"
    chosen = ("shift" if grey else "colour") if augment == "auto" else augment
    if recipe.flip is not None:
        return chosen, recipe.flip, _note(chosen, recipe.flip, "as asked")
    if chosen not in MIRRORED:
        return chosen, False, _note(chosen, False, f"{chosen!r} mirrors nothing")
    if augment == "flip":
        return chosen, True, _note(chosen, True, "as asked")
    # nor is a mirror always worth it: with it 0.7 points fewer of the bundled clothes were right, whose shoes all
    # point to the left (benchmarks/accuracy_choices.json)
    reason = sided(classes) or ("grey pictures may be letters or digits" if grey else None)
    return chosen, reason is None, _note(chosen, reason is None, reason or "no class name speaks against it")


def sided(classes: tuple[str, ...]) -> str | None:
    """Why a mirror may change the class, judged by the names; None where nothing speaks for it.

    >>> sided(("turn left", "turn right")), sided(("cat", "dog"))
    ("the class name 'turn left' says a side", None)
    """
    for name in classes:
        words = re.split(r"[\W_]+", name.lower())
        if set(words) & set(SIDES):
            return f"the class name {name!r} says a side"
    signs = [name for name in classes if len(name.strip()) == 1 or name.strip().lower() in DIGITS]
    if len(signs) == len(classes):
        return f"the class names {signs[0]!r}, {signs[-1]!r}, … are letters or digits"
    return None


def covered_and_mixed(recipe: Recipe) -> str:
    """What else happens to each picture, for the note on augmentation; "" where nothing does.

    >>> covered_and_mixed(Recipe(hole=0.25, mix="cutmix"))
    ' Each picture is also covered by a square of mid-grey (--hole 0.25) and mixed with another (--mix cutmix).'
    """
    parts = [f"covered by a square of mid-grey (--hole {recipe.hole:g})"] if recipe.hole else []
    parts += [f"mixed with another (--mix {recipe.mix})"] if recipe.mix not in (None, "none") else []
    return f" Each picture is also {' and '.join(parts)}." if parts else ""


def _note(augment: str, flip: bool, reason: str) -> str:
    return (
        f"Augmentation {augment!r}, {'with' if flip else 'without'} mirroring: {reason} (--augment, --flip)."
    )
