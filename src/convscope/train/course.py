"""All that stays the same while a run trains: folder, images, plan, pixels, network size."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

import torch
from torch import Tensor

from convscope.check.run import checked
from convscope.errors import BadSpec
from convscope.images import Images, read_split, split_images, write_split
from convscope.plain.files import write_json
from convscope.train.augment import AUGMENTATIONS, Changes
from convscope.train.batches import Batch, batches
from convscope.train.config import read_config, resumed, write_config
from convscope.train.mix import Mixture, mixture
from convscope.train.pixels import Pixels, load
from convscope.train.plan import Plan, check_images, plan
from convscope.train.precision import choose_precision
from convscope.train.presets import held_out
from convscope.train.recipe import Recipe
from convscope.train.run import Run, environment, new_run, old_run, run_name

TEST, VAL, TRAIN = "test", "val", "train"


@dataclass(frozen=True, eq=False)
class Course:
    """What a run trains on and how; ``mean`` and ``std`` are of the training pixels, white being 1."""

    run: Run
    data: str
    images: Images
    plan: Plan
    train: Pixels
    val: Pixels
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device
    notes: tuple[str, ...]

    @property
    def recipe(self) -> Recipe:
        return self.plan.recipe

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input, in pixels."""
        return self.plan.fit.height, self.plan.fit.width

    @property
    def epochs(self) -> int:
        return self.recipe.epochs or 0

    @property
    def steps_per_epoch(self) -> int:
        return ceil(len(self.train) / (self.recipe.batch or 1))

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    def epochs_in(self, steps: int) -> int:
        """How many epochs these steps are, the last perhaps not whole."""
        return ceil(steps / self.steps_per_epoch)

    @cached_property
    def class_weights(self) -> Tensor | None:
        """float32 ``[classes]``, as large as a class is rare and 1 in the mean over the images; None where all count alike."""
        if self.recipe.balance != "weights":
            return None
        counts = torch.bincount(self.train.labels, minlength=len(self.images.classes))
        return torch.where(counts > 0, len(self.train) / ((counts > 0).sum() * counts.clamp_min(1)), 0.0)

    def changes(self, epoch: int) -> Changes | None:
        """How each training image is changed in an epoch."""
        recipe = self.recipe
        augmentation = AUGMENTATIONS[recipe.augment or "none"]
        augmentation = replace(augmentation, mirror=bool(recipe.flip), hole=recipe.hole or 0.0)
        return augmentation.changes(recipe.seed, epoch, len(self.train), self.size)

    def mixture(self, epoch: int) -> Mixture | None:
        """What each training image is mixed with in an epoch."""
        return mixture(self.recipe.mix or "none", self.recipe.seed, epoch, len(self.train), self.size)

    def batches(self, epoch: int) -> list[Batch]:
        """What each step of an epoch is shown."""
        labels = self.train.labels.cpu().numpy()
        return batches(
            self.recipe, epoch, labels, self.changes(epoch), self.steps_per_epoch, self.mixture(epoch)
        )

    def normalise(self, values: Tensor) -> Tensor:
        """Network input from pixels 0 to 255 ``[N, C, H, W]``, the arithmetic of ``Model.preprocess``."""
        mean, std = (torch.tensor(m, device=values.device).view(-1, 1, 1) for m in (self.mean, self.std))
        batch = (values.float() / 255 - mean) / std
        return batch.contiguous(memory_format=torch.channels_last)


def start_course(images: Images, data: str, recipe: Recipe) -> Course:
    """Check everything, make the run folder, decode the images; raises before anything is trained."""
    if recipe.epochs and recipe.minutes:
        raise BadSpec(
            f"epochs is {recipe.epochs} and minutes is {recipe.minutes:g}, and each says how long to train: give one of them"
        )
    odd = check_images(images)
    device = choose_device(recipe.device)
    recipe = replace(recipe, precision=choose_precision(recipe.precision, device))
    images, warnings = checked(images)
    share = held_out(recipe, sum(split in ("", TRAIN) for split in images.splits))
    recipe = replace(recipe, val=share)
    images = split_images(images, val=share, seed=recipe.seed)
    chosen = plan(images, len(labelled(images, TRAIN)), recipe, data)
    run = new_run(recipe.out, recipe.name or run_name(images))
    return _load(run, data, images, chosen, device, (*odd, *warnings))


def continue_course(images: Images, data: str, recipe: Recipe) -> Course:
    """The course of a stopped run, from its own files; raises BadAtlas, BadSpec, BadImages."""
    odd = check_images(images)
    run = old_run(recipe.out, recipe.name or run_name(images))
    _, recorded = read_config(run.config)
    settled = resumed(recorded, recipe)
    images = read_split(images, run.split)
    chosen = plan(images, len(labelled(images, TRAIN)), settled)
    return _load(run, data, images, chosen, choose_device(recorded.device), odd)


def _load(
    run: Run, data: str, images: Images, chosen: Plan, device: torch.device, notes: tuple[str, ...]
) -> Course:
    train = load(labelled(images, TRAIN), chosen.fit, chosen.recipe.workers)
    val = load(labelled(images, VAL), chosen.fit, chosen.recipe.workers)
    channels = chosen.fit.channels
    mean, std = train.moments() if chosen.recipe.standardise else ((0.0,) * channels, (1.0,) * channels)
    if chosen.origin is not None and chosen.origin.model.mean:
        mean, std = chosen.origin.model.mean, chosen.origin.model.std
    notes = (*images.notes, *notes, *chosen.notes)
    return Course(run, data, images, chosen, train.to(device), val.to(device), mean, std, device, notes)


def record_course(course: Course) -> None:
    """Write what the run can be repeated and resumed from."""
    write_split(course.images, course.run.split)
    about = environment(torch.get_num_threads(), str(course.device), course.recipe.precision)
    write_json(course.run.environment, about | {"images": course.images.digest})
    write_config(course.run.config, course.data, course.recipe)  # last: where it is, the run can be resumed


def labelled(images: Images, split: str) -> Images:
    """The images of a split whose class is known, in the order of their ids."""
    rows = [
        row
        for row, (label, part) in enumerate(zip(images.labels, images.splits, strict=True))
        if label >= 0 and part == split
    ]
    return images.subset(rows).sorted_by_id()


def choose_device(asked: str) -> torch.device:
    """The device of that name, "auto" being CUDA where there is one; raises BadSpec."""
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BadSpec(f"cannot use the device {asked!r}: {reason}. Use --device cpu.") from error
    return device
