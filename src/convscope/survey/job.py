"""One survey as a job: what it is about, what of it is finished, and counting what is not."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from convscope.atlas.check import read_manifest
from convscope.atlas.read import Atlas
from convscope.atlas.write import forget_answers, prepare_folder
from convscope.errors import BadAtlas, BadSpec
from convscope.images import open_images
from convscope.images.source import Images
from convscope.model.backward import Rule
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.nets.untrained import untrained
from convscope.plain.machine import keep_freed_memory
from convscope.survey.channels import read_channels
from convscope.survey.count import Counts, count_unit, read_ahead, work_units
from convscope.survey.loupe import choose
from convscope.survey.manifest import describe
from convscope.survey.partial import ALL, Partial, key_of
from convscope.survey.pictures import STEPS, Step, sheets
from convscope.survey.pixels import Pixels
from convscope.survey.progress import Progress, Report
from convscope.survey.ranked import sampled_rows
from convscope.survey.settings import Survey
from convscope.survey.thumbs import Thumbs
from convscope.survey.workers import each, twins

SAVED_EVERY = 20.0  # seconds of counting that a kill can cost
DECIDES = ("device", "precision", "memory format", "torch", "convscope")  # of what made an atlas


@dataclass(frozen=True)
class Job:
    """One survey: what is asked of which model and images, and where the atlas goes."""

    model: Model
    source: Images
    settings: Survey
    root: Path
    report: Report | None = None

    @cached_property
    def pixels(self) -> Pixels:
        split = self.settings.split
        chosen = self.source if split in ("auto", "all") else self.source.split(split)
        return Pixels(
            self.model, chosen.sorted_by_id(), channels_last=self.settings.memory_format == "channels_last"
        )

    @cached_property
    def thumbs(self) -> Thumbs:
        return Thumbs(self.pixels, self.partial.folder)

    @cached_property
    def layers(self) -> list[Layer]:
        return [self.model.layer(name) for name in layer_names(self.model, self.settings)]

    @cached_property
    def chosen(self) -> list[int]:
        return choose(self.pixels.images, self.settings.photos, self.settings.seed)

    @cached_property
    def sample(self) -> np.ndarray:
        """Rows of the images whose peaks are kept, one by one."""
        return sampled_rows(self.pixels.images.ids, self.settings.seed)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the atlas says about itself, in the words of its format."""
        images = self.pixels.images
        about = describe(self.model, self.source, images, self.settings, self.layers, self.chosen)
        about["provenance"]["memory format"] = str(self.pixels.memory_format).removeprefix("torch.")
        return about

    @cached_property
    def units(self) -> list[range]:
        """The rows of every work unit."""
        return work_units(len(self.pixels.images), self.settings.batch)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of drawing that were asked for."""
        return STEPS if self.settings.project == "all" else STEPS[:1]

    @cached_property
    def sheets(self) -> list[tuple[int, int]]:
        """(layer, sheet) of every sheet of pictures."""
        return [
            (place, sheet) for place, layer in enumerate(self.layers) for sheet in range(len(sheets(layer)))
        ]

    def rule(self, place: int) -> Rule:
        """The lens of a layer's projections; the deconvnet in atlases of before there was a choice."""
        return self.manifest["layers"][place].get("lens", {}).get("name", "deconvnet")

    def middle(self, place: int) -> tuple[int, int] | None:
        """What the tiles of a drawn layer show of its field; None for all of it."""
        found = self.manifest["layers"][place].get("middle")
        return found and (found[0], found[1])

    @cached_property
    def partial(self) -> Partial:
        """Where finished parts are kept, under a name for all that decides this survey's bytes."""
        ids = [self.manifest[name] for name in ("model", "images", "layers", "chosen")]
        ids.append({name: value for name, value in self.manifest["survey"].items() if name != "project"})
        made_by = [self.manifest["provenance"][name] for name in DECIDES]
        return Partial(self.root, key_of({"about": ids, "made by": made_by}))

    def no_counts(self) -> Counts:
        images, names = self.pixels.images, [layer.name for layer in self.layers]
        return Counts.none(self.model, names, len(images), len(images.classes), self.settings.k, self.sample)

    def tell(self, stage: str, done: int, total: int, unit: str, detail: str = "") -> None:
        if self.report:
            self.report(Progress(stage, done, total, unit, detail))


def prepare(
    model: Model,
    images: Any,
    into: str | Path,
    settings: Survey,
    report: Report | None = None,
    channels: str = "",
) -> Job:
    """The job of a survey, its folder made or taken over; raises BadSpec, UnknownName before anything is written."""
    job = _job(model, images, settings, Path(into), report)
    layer_names(model, job.settings)
    if channels and not read_channels(channels, job.layers):
        raise BadSpec(f"channels={channels!r} names none: write for example conv4:0-31,conv5:7")
    prepare_folder(job.root)
    _forget_others(job)
    return job


def _forget_others(job: Job) -> None:
    """An atlas of another network or other images that is taken over keeps none of their answers."""
    try:
        there = read_manifest(job.root)
    except BadAtlas:
        return
    here = job.manifest
    if (there["model"].get("id"), there["images"].get("digest")) != (
        here["model"]["id"],
        here["images"]["digest"],
    ):
        shown = ("fit", "height", "width", "channels")
        other = any(there["model"].get(name) != here["model"][name] for name in shown)
        forget_answers(job.root, pictures=other)


def reopen(model: Model, images: Any, atlas: Atlas, report: Report | None = None) -> Job:
    """The job that an atlas came from; raises BadAtlas where it came from another model or other images."""
    there = atlas.manifest
    job = _job(model, images, Survey.stored(there["survey"]), atlas.path, report)
    for noun, key, these in (("model", "id", "this model"), ("images", "digest", "these images")):
        if there[noun].get(key) != job.manifest[noun][key]:
            raise BadAtlas(
                f"{atlas.path} was not made from {these}: survey what you have into another folder"
            )
    job.manifest.update(there)
    return job


def _job(model: Model, images: Any, settings: Survey, root: Path, report: Report | None) -> Job:
    keep_freed_memory()
    surveyed = untrained(model, settings.seed) if settings.control == "random" else model
    return Job(surveyed, open_images(images), settings, root, report)


def layer_names(model: Model, settings: Survey) -> list[str]:
    """The layers to survey, in running order; raises UnknownName."""
    asked = [name.strip() for name in settings.layers.split(",") if name.strip()]
    names = {model.layer(name).name for name in asked} or set(model.surveyed)
    return [name for name in model.layers if name in names]


def count(job: Job, units: range, who: str) -> Counts:
    """Count those of ``units`` that nobody has counted yet and keep them under ``who``; all that ``who`` has.

    ``ALL`` has what everybody has.
    """
    found = job.partial.load_counts(job.no_counts)
    mine = found if who == ALL else job.partial.load_counts(job.no_counts, who)
    todo = deque(unit for unit in units if unit not in found.units)
    labels, done = job.pixels.images.labels, sum(len(job.units[unit]) for unit in found.units)
    models = twins(job.model, job.settings.batch)

    def count_one(model: Model, item: tuple[int, tuple[np.ndarray, Tensor]]) -> int:
        unit, (rows, batch) = item
        count_unit(model, labels, mine, unit, rows, batch)
        return len(rows)

    def read_in(rows: range) -> Tensor:
        job.thumbs.take(rows)  # while the images are at hand
        return job.pixels.batch(rows)

    while todo:
        numbers, again = tee(taken(todo, SAVED_EVERY))
        ahead = read_ahead(read_in, (job.units[unit] for unit in again), len(models))
        for images in each(models, zip(numbers, ahead, strict=True), count_one):
            done += images
            job.tell("counting", done, len(labels), "images")
        if todo or who != ALL:  # otherwise all of it is written down now
            job.partial.save_counts(who, mine)
    return mine


def taken(todo: deque[int], seconds: float) -> Iterator[int]:
    """Units off the front, one and then more until so many seconds have passed."""
    until = time.monotonic() + seconds
    while todo:
        yield todo.popleft()
        if time.monotonic() >= until:
            return
