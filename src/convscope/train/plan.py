"""Every choice the recipe leaves open, made from the images before the first step."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from convscope.errors import BadImages
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.model.warning import warnings_of
from convscope.nets import typical
from convscope.nets.architecture import Architecture, create, describe
from convscope.nets.layout import lay_out
from convscope.nets.spec import parse
from convscope.plain.fit import Fit
from convscope.train.augment import AUGMENTATIONS
from convscope.train.finetune import EPOCHS as FINE_EPOCHS
from convscope.train.finetune import NONE, SHARE, Origin, advice, find_origin
from convscope.train.handed import choose_changes, covered_and_mixed
from convscope.train.paper import paper_notes
from convscope.train.presets import EFFORT, PATIENT, settled
from convscope.train.recipe import Recipe

LARGEST = 128  # pixels: beyond, a first look on a CPU takes too long
SAMPLE = 64  # images that are looked at for size and colour
# multiply-adds of the forward passes of all epochs: less than a minute of training on two quiet cores
BUDGET = 5.5e11
# where that is fewer steps than these, up to four minutes are spent on them: of 34 people's faces (lfw34, 1,203 pictures,
# one seed) 360 steps told 62 % apart, 720 steps 79 %
STEPS, LONGEST = 1000, 4 * BUDGET
EPOCHS = (12, 60)
NAMED = 5  # skipped files that a note names


@dataclass(frozen=True)
class Plan:
    """A recipe without open choices, the geometry of the input and the architecture to train."""

    recipe: Recipe
    fit: Fit
    architecture: Architecture
    origin: Origin | None = None
    notes: tuple[str, ...] = ()


def plan(images: Images, train_images: int, recipe: Recipe, data: str = "DATA") -> Plan:
    """Choose what is None; equal images and recipe give an equal plan. Raises BadSpec, BadModel, UnknownName."""
    fit = choose_fit(images, recipe)
    origin = find_origin(images, recipe, fit)
    if origin is not None:
        return _from_weights(images, fit.channels == 1, train_images, recipe, origin)
    net = recipe.net or typical(fit.height, fit.width, patient=recipe.preset in PATIENT)
    size = {"channels": fit.channels, "height": fit.height, "width": fit.width}
    architecture = describe(net, classes=len(images.classes), **size)
    epochs = choose_epochs(_multiply_adds(architecture), train_images, EFFORT.get(recipe.preset, 1.0))
    chosen = replace(settled(recipe, train_images), net=net, weights=NONE)
    chosen, why = _closed(images, fit.channels == 1, train_images, chosen, fit, epochs)
    notes = (
        *advice(images, recipe, data),
        *paper_notes(recipe),
        *(geometry_notes(architecture, fit) if recipe.net else ()),
    )
    return Plan(chosen, fit, architecture, None, (*notes, why, fit_note(fit)))


def _from_weights(images: Images, grey: bool, train_images: int, recipe: Recipe, origin: Origin) -> Plan:
    fit = origin.fit(recipe.imgsz, recipe.fit)
    epochs = max(1, round(FINE_EPOCHS * EFFORT.get(recipe.preset, 1.0)))
    chosen = settled(recipe, train_images, SHARE)
    chosen = replace(chosen, net=recipe.net or origin.name, weights=origin.weights)
    chosen, why = _closed(images, grey, train_images, chosen, fit, epochs)
    notes = origin.notes(len(images), fit)
    return Plan(chosen, fit, origin.architecture, origin, (*notes, why, fit_note(fit)))


def _closed(
    images: Images, grey: bool, train_images: int, recipe: Recipe, fit: Fit, epochs: int
) -> tuple[Recipe, str]:
    """The recipe with what depends on images (all of them grey?) and network alone, and a note on its augmentation."""
    augment, flip, why = choose_changes(images.classes, grey, recipe)
    batch = recipe.batch or choose_batch(train_images)
    hole = AUGMENTATIONS[augment].hole if recipe.hole is None else recipe.hole
    settings = {"imgsz": fit.height, "epochs": recipe.epochs or epochs, "batch": batch, "hole": hole}
    closed = replace(recipe, augment=augment, flip=flip, **settings)
    return closed, why + covered_and_mixed(closed)


def fit_note(fit: Fit) -> str:
    """How a picture becomes the input."""
    beside = "white" if fit.fill == 255 else "grey"
    how = (
        f"the whole picture, with {beside} beside it where it is not square (fit pad)"
        if fit.how == "pad"
        else "its middle square, what lies outside is not seen (fit crop)"
    )
    return f"Input of {fit.height} x {fit.width} pixels: {how}."


def geometry_notes(architecture: Architecture, fit: Fit) -> tuple[str, ...]:
    """Where a network that was asked for breaks, at this size, what courses promise of stride and padding."""
    if architecture["kind"] != "spec":
        return ()
    with torch.device("meta"):  # shapes are enough
        module = create(architecture)
        blank = (0.0,) * fit.channels
        return tuple(map(str, warnings_of(Model(module, fit=fit, mean=blank, std=(1.0,) * fit.channels))))


def choose_fit(images: Images, recipe: Recipe) -> Fit:
    """A square that holds the whole picture, or its middle; grey where every image seen is grey."""
    rows = np.linspace(0, len(images) - 1, min(SAMPLE, len(images))).astype(int)
    longest = int(np.median([max(images.size(int(row))) for row in rows]))
    side = recipe.imgsz or min(longest, LARGEST)
    grey = all(images[int(row)].shape[2] == 1 for row in rows)
    return Fit(side, side, how=recipe.fit, channels=1 if grey else 3)


def choose_epochs(multiply_adds: int, train_images: int, effort: float) -> int:
    """As many as the budget pays for, or as enough steps need, within bounds, times the effort of the preset.

    >>> choose_epochs(46_000_000, 1203, 1.0), choose_epochs(7_000_000, 8000, 1.0)
    (33, 12)
    """
    (low, high), an_epoch = EPOCHS, max(multiply_adds * train_images, 1)
    needed = STEPS * choose_batch(train_images) / max(train_images, 1)
    paid = max(BUDGET / an_epoch, min(needed, LONGEST / an_epoch))
    return max(2, round(max(low, min(high, paid)) * effort))


def choose_batch(train_images: int) -> int:
    """At least thirty steps an epoch where there are images enough for it."""
    return max(16, min(64, train_images // 30))


def _multiply_adds(architecture: Architecture) -> int:
    """Per image; a rough guess for networks that are no spec."""
    if architecture["kind"] != "spec":
        return 10**9
    size = {key: architecture[key] for key in ("classes", "channels", "height", "width")}
    return sum(row.multiply_adds for row in lay_out(parse(architecture["spec"]), **size))


def check_images(images: Images) -> tuple[str, ...]:
    """Notes on what is odd but workable; raises BadImages where nothing can be learnt."""
    known = images.labels >= 0
    counts = np.bincount(images.labels[known], minlength=len(images.classes))
    present = [name for name, count in zip(images.classes, counts, strict=True) if count]
    if len(present) < 2:
        found = f"only the class {present[0]!r}" if present else "no class"
        raise BadImages(
            f"{images.name} has {found}: training needs at least two. Put each class's images in a "
            "folder of its own: DATA/cats/*.jpg, DATA/dogs/*.jpg"
        )
    few = [name for name, count in zip(images.classes, counts, strict=True) if count == 1]
    single = (f"Classes with a single image, which stays in training: {', '.join(few[:5])}.",) if few else ()
    return (*single, *skipped(images))


def skipped(images: Images) -> tuple[str, ...]:
    """One note on the files that could not be used."""
    if not images.problems:
        return ()
    first = "; ".join(f"{problem.path}: {problem.reason}" for problem in images.problems[:NAMED])
    more = f"; … all {len(images.problems)} are listed in report.json" if len(images.problems) > NAMED else ""
    return (f"Skipped files: {len(images.problems)} ({first}{more}).",)
