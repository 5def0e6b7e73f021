"""The demo: a run and an atlas of a bundled set, made once and used again."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from convscope.ask.run import has_atlas, is_run, run_images
from convscope.atlas.layout import LESSONS

VAL = 0.1  # of the clothes, which have test images of their own; the emoji bring their split
# a newcomer waits for this: 13 epochs more, as any other run takes, tell one or two in a hundred more apart
EPOCHS = {"emoji": 20}


def demo_run(
    data: str, out: Path, *, on_training: Callable[[Any], None], on_survey: Callable[[Any], None]
) -> Path:
    """The folder of a trained and surveyed run; continues where an earlier call was interrupted."""
    folder = out / ("demo" if data == "emoji" else f"demo-{data}")
    if not (folder / "report.json").is_file():
        _train(data, folder, on_training)
    if not has_atlas(folder) or _half_made(folder):
        _survey(folder, on_survey)
    if not (folder / "atlas" / LESSONS).is_file():
        _measure_lessons(folder)
    return folder


def _train(data: str, folder: Path, listen: Callable[[Any], None]) -> None:
    from convscope.train.loop import train
    from convscope.train.recipe import Recipe

    with suppress(OSError):
        folder.rmdir()  # an empty one was left by a demo that was stopped while it read the pictures
    where = {"out": str(folder.parent), "name": folder.name, "resume": is_run(folder)}
    recipe = Recipe(**where, val=VAL, epochs=EPOCHS.get(data))
    train(data, recipe, on_progress=listen)


def _half_made(folder: Path) -> bool:
    from convscope.atlas.read import open_atlas

    return open_atlas(folder).stage != "complete"


def _survey(folder: Path, report: Callable[[Any], None]) -> None:
    from convscope.nets.open import open_model
    from convscope.survey.run import survey

    # of so few pictures all are surveyed: nine patches from a fifth of them would be a poor choice
    survey(open_model(folder), run_images(folder), into=folder / "atlas", split="all", on_progress=report)


def _measure_lessons(folder: Path) -> None:
    from convscope.ask.lessons import measure_lessons
    from convscope.nets.open import open_model

    measure_lessons(open_model(folder), run_images(folder), folder / "atlas")
