"""The survey: count, look again at the chosen images, draw; an atlas on disk at every stage."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convscope.atlas.read import Atlas, open_atlas
from convscope.nets.open import open_model
from convscope.plain.overrides import with_overrides
from convscope.survey.again import complete_atlas, counted_already, numbers_of
from convscope.survey.channels import read_channels
from convscope.survey.easel import Easel
from convscope.survey.fill import fill
from convscope.survey.job import Job, count, prepare, reopen
from convscope.survey.middle import middle_of
from convscope.survey.partial import ALL
from convscope.survey.pictures import STEPS, Drawn, Step, draw_sheet, sheets
from convscope.survey.progress import Report
from convscope.survey.record import Numbers, number_layers, write_counts, write_drawn, write_stage
from convscope.survey.settings import Shard, Survey


def survey(
    model: Any,
    images: Any,
    *,
    into: str | Path,
    settings: Survey | None = None,
    on_progress: Report | None = None,
    channels: str = "",
    **overrides: Any,
) -> Atlas:
    """Survey every channel of ``model`` over ``images`` and write the atlas ``into`` a folder.

    ``model`` is a ``Model`` or anything ``open_model`` takes, ``images`` anything ``open_images`` takes;
    ``overrides`` are fields of ``Survey``. Winners come first; the atlas can be opened while pictures
    are still being drawn. Killed at any moment and called again it goes on from where it was, and so it
    does from what ``survey_shard`` has made; the result is the same to the byte, but for provenance.
    With ``channels``, such as ``conv4:0-31,conv5:7``, only these are projected: in the complete atlas that is
    there already, whatever its settings were, or else in a new one that has patches of all.
    Raises BadAtlas where that one is of another model or other images.
    Raises BadImages, BadModel, BadOutput, BadSpec, UnknownName.

    >>> atlas = cs.survey(model, "photos/", into="atlas/")  # doctest: +SKIP
    """
    started, model = time.time(), open_model(model)
    if channels and (atlas := complete_atlas(Path(into))):
        job = reopen(model, images, atlas, on_progress)
        fill(job, numbers_of(atlas), read_channels(channels, job.layers))
        return open_atlas(job.root)
    asked = with_overrides(settings or Survey(), overrides)
    job = prepare(
        model, images, into, replace(asked, project="lazy") if channels else asked, on_progress, channels
    )
    wanted = read_channels(channels, job.layers)
    numbers = counted_already(job) or write_counts(job, count(job, range(len(job.units)), ALL))
    _draw_all(job, numbers, started)
    if wanted:
        fill(job, numbers_of(open_atlas(job.root)), wanted)  # with what drawing has added
    return open_atlas(job.root)


def _draw_all(job: Job, numbers: Numbers, started: float) -> None:
    for step in job.steps:
        for place, layer in enumerate(job.layers):
            job.tell(step, place, len(job.layers), "layers", layer.name)
            middle_of(job, place, numbers[layer.name])  # also where shards have drawn all
            drawn = [draw(job, numbers, place, sheet, step) for sheet in range(len(sheets(layer)))]
            write_drawn(job, numbers[layer.name], place, drawn)
            last = step == job.steps[-1] and place + 1 == len(job.layers)
            write_stage(job, "complete" if last else "pictures", started)
        job.tell(step, len(job.layers), len(job.layers), "layers")
    job.partial.forget()


def draw(job: Job, numbers: Numbers, place: int, sheet: int, step: Step) -> Drawn:
    """A sheet of pictures of a layer after a step, drawn unless that is done already."""
    at = STEPS.index(step)
    for done in reversed(STEPS[at:]):
        drawn = job.partial.load_drawn(place, sheet, done)
        if drawn is not None:
            return drawn
    before = draw(job, numbers, place, sheet, STEPS[at - 1]) if at else None
    layer = job.layers[place]
    arrays, rule = numbers[layer.name], job.rule(place)
    middle = middle_of(job, place, arrays)
    easel = Easel(job.root, job.model, job.pixels, layer, arrays, rule, middle)
    drawn = draw_sheet(easel, sheet, step, before)
    job.partial.save_drawn(place, sheet, step, drawn)
    return drawn


@dataclass(frozen=True)
class Share:
    """How far a survey has come after one shard: work units counted and sheets drawn, of all there are."""

    counted: int
    units: int
    drawn: int
    sheets: int

    @property
    def next(self) -> str:
        """What to do now, in words."""
        if self.counted < self.units:
            return "when every shard has counted, give each the same command again to draw"
        if self.drawn < self.sheets:
            return "when every shard has drawn, give the command once without --shard to finish the atlas"
        return "give the command once without --shard to finish the atlas"


def survey_shard(
    model: Any,
    images: Any,
    *,
    into: str | Path,
    shard: Shard,
    settings: Survey | None = None,
    on_progress: Report | None = None,
    **overrides: Any,
) -> Share:
    """Do one share of a survey: count its work units or, once all are counted, draw its sheets.

    Shards run in any order, at the same time or not, on machines that share the folder ``into``; then
    ``survey`` finishes the atlas. The result does not depend on how many there were. A share that is missing
    is made by ``survey`` itself. Raises as ``survey`` does.

    >>> cs.survey_shard(model, "photos/", into="atlas/", shard=cs.Shard(2, 4))  # doctest: +SKIP
    """
    job = prepare(
        open_model(model), images, into, with_overrides(settings or Survey(), overrides), on_progress
    )
    count(job, shard.of(len(job.units)), str(shard))
    counts = job.partial.load_counts(job.no_counts)
    if len(counts.units) == len(job.units):
        numbers = number_layers(job, counts)
        mine = shard.of(len(job.sheets))
        for step in job.steps:
            for done, number in enumerate(mine):
                place, sheet = job.sheets[number]
                job.tell(step, done, len(mine), "sheets", job.layers[place].name)
                draw(job, numbers, place, sheet, step)
    drawn = sum(job.partial.load_drawn(*sheet, job.steps[-1]) is not None for sheet in job.sheets)
    return Share(len(counts.units), len(job.units), drawn, len(job.sheets))
