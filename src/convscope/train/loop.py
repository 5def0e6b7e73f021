"""Training from top to bottom: open, plan, load, step by step, keep the best, report."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from time import perf_counter
from typing import Any

import numpy as np
import torch

from convscope.errors import Interrupted, UnknownName
from convscope.images import open_images
from convscope.model.model import Model
from convscope.model.store import save_model
from convscope.nets.architecture import create
from convscope.nets.open import open_model
from convscope.plain.files import write_text
from convscope.plain.machine import keep_freed_memory
from convscope.train.calibration import calibrate
from convscope.train.course import VAL, Course, continue_course, labelled, record_course, start_course
from convscope.train.events import Epoch, Finished, Listener, Started, Step, ignore
from convscope.train.order import order
from convscope.train.recipe import Recipe
from convscope.train.report import write_report
from convscope.train.state import State, learning_rate, make_optimizer
from convscope.train.step import train_step, validate
from convscope.train.stop import Request, stop_requests
from convscope.train.timing import epochs_within

SAVE_EVERY = 10.0  # seconds; what a crash loses is computed again, to the bit


def train(
    data: Any, recipe: Recipe | None = None, *, on_progress: Listener = ignore, **overrides: Any
) -> Model:
    """Train a network on a folder of class folders, or any images; the best epoch is returned.

    The run is kept in ``recipe.out/recipe.name``; ``overrides`` are fields of ``Recipe``. Equal data and
    recipe give bit-equal weights on the same machine and thread count, however often the run is stopped
    and resumed. Raises BadImages, BadSpec, UnknownName and BadOutput before the first step; while
    training, Interrupted (all is saved, see its ``exit_code``) or Diverged.
    """
    keep_freed_memory()
    recipe = with_overrides(recipe or Recipe(), overrides)
    images = open_images(data)
    prepare = continue_course if recipe.resume else start_course
    course = prepare(images, data if isinstance(data, str) else images.name, recipe)
    with torch_settings(course.recipe.threads):  # those of the run, where it is a resumed one
        return run(course, on_progress)


def run(course: Course, on_progress: Listener) -> Model:
    """All epochs that are still to come, then the report."""
    state = first_state(course)
    if course.recipe.resume and course.run.last.is_file():
        state.restore(course.run.last, course.run.best)
    elif not course.recipe.resume:  # a run that was killed before it first saved begins again
        course = epochs_within(course, state)
        record_course(course)
    on_progress(started(course, state))
    with stop_requests() as request:
        while state.step < course.steps:
            run_epoch(course, state, request, on_progress)
    return finish(course, state, on_progress)


def with_overrides(recipe: Recipe, overrides: dict[str, Any]) -> Recipe:
    known = [field.name for field in fields(Recipe)]
    for name in overrides:
        if name not in known:
            raise UnknownName("setting", name, known)
    return replace(recipe, **overrides)


@contextmanager
def torch_settings(threads: int | None) -> Iterator[None]:
    """Our threads and random numbers inside, the caller's as they were outside."""
    before = torch.get_num_threads()
    with torch.random.fork_rng():
        try:
            torch.set_num_threads(threads or before)
            yield
        finally:
            torch.set_num_threads(before)


def first_state(course: Course) -> State:
    net = create(course.plan.architecture, seed=course.recipe.seed).train()
    net = net.to(course.device).to(memory_format=torch.channels_last)
    return State(net, make_optimizer(net, course.recipe.weight_decay))


def run_epoch(course: Course, state: State, request: Request, on_progress: Listener) -> None:
    """The steps of one epoch that are still to come, and its validation."""
    epoch, done = divmod(state.step, course.steps_per_epoch)
    began, first = perf_counter(), state.step
    rows = order(course.recipe.seed, epoch, len(course.train))
    changes = course.changes(epoch)
    for chosen in np.array_split(rows, course.steps_per_epoch)[done:]:
        train_step(course, state, chosen, changes)
        speed = (perf_counter() - began) / (state.step - first)
        on_progress(step_event(course, state, epoch, speed))
        if request.signal and state.step % course.steps_per_epoch:
            leave(course, state, request)
    close_epoch(course, state, epoch, perf_counter() - began, on_progress)
    if request.signal and state.step < course.steps:
        leave(course, state, request)


def close_epoch(course: Course, state: State, epoch: int, seconds: float, on_progress: Listener) -> None:
    """Validate, remember, and save if the last time is a while ago."""
    val_loss, val_accuracy = validate(course, state)
    loss, accuracy = state.take_means()
    row = {
        "epoch": epoch + 1,
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "lr": learning_rate(state.step - 1, course.steps, course.recipe.lr or 0.0),
        "seconds": round(seconds, 3),
    }
    state.history.append(row)
    best = state.best is row
    if best:
        state.keep()
    if perf_counter() - state.saved > SAVE_EVERY or state.step == course.steps:
        save(course, state)
    on_progress(Epoch(epochs=course.epochs, best=best, **row))


def save(course: Course, state: State) -> None:
    """Write where the run stands; after a crash in between, the older ``last`` leads to the same again."""
    state.write_best(course.run.best)
    write_text(course.run.metrics, "".join(json.dumps(row) + "\n" for row in state.history))
    state.write(course.run.last)


def leave(course: Course, state: State, request: Request) -> None:
    """Save where we are and say how to go on."""
    save(course, state)
    raise Interrupted(
        f"stopped in epoch {state.step // course.steps_per_epoch + 1} of {course.epochs}; nothing is lost. "
        f"Continue with: {resume_command(course)}",
        request.exit_code,
    )


def resume_command(course: Course) -> str:
    run = course.run.folder
    return f"convscope train {course.data} --out {run.parent} --name {run.name} --resume"


def finish(course: Course, state: State, on_progress: Listener) -> Model:
    """Save the best epoch as the model, measure it, write the report."""
    state.net.load_state_dict(state.kept)
    net = state.net.to("cpu").to(memory_format=torch.contiguous_format).eval()
    model = Model(
        net,
        fit=course.plan.fit,
        mean=course.mean,
        std=course.std,
        classes=course.images.classes,
        name=course.run.folder.name,
        architecture=course.plan.architecture,
    )
    model = calibrate(model, labelled(course.images, VAL))
    save_model(model, course.run.model)
    report = write_report(course, state.history, model)
    on_progress(Finished(str(course.run.folder), report))
    return open_model(course.run.folder)


def started(course: Course, state: State) -> Started:
    return Started(
        folder=str(course.run.folder),
        net=course.recipe.net or "",
        parameters=sum(parameter.numel() for parameter in state.net.parameters()),
        classes=len(course.images.classes),
        train_images=len(course.train),
        val_images=len(course.val),
        epochs=course.epochs,
        steps=course.steps,
        step=state.step,
        notes=course.notes,
    )


def step_event(course: Course, state: State, epoch: int, seconds_per_step: float) -> Step:
    loss, accuracy = state.means()
    return Step(
        epoch=epoch + 1,
        epochs=course.epochs,
        step=state.step,
        steps=course.steps,
        loss=loss,
        accuracy=accuracy,
        eta=seconds_per_step * (course.steps - state.step),
    )
