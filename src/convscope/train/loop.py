"""Training from top to bottom: open, plan, load, step by step, keep the best, report."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any

import torch
from torch import nn

from convscope.images import open_images
from convscope.model.model import Model
from convscope.model.store import save_model
from convscope.nets.architecture import create
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory
from convscope.plain.overrides import with_overrides
from convscope.train.average import Average
from convscope.train.calibration import calibrate
from convscope.train.choice import keeps
from convscope.train.course import VAL, Course, continue_course, labelled, record_course, start_course
from convscope.train.events import Epoch, Finished, Listener, Started, Step, ignore
from convscope.train.finetune_stage import first_stage, state_from_weights
from convscope.train.optimizer import make_optimizer
from convscope.train.paper import draw_weights
from convscope.train.recipe import Recipe
from convscope.train.recover import roll_back
from convscope.train.report import write_report
from convscope.train.saving import leave, save, save_or_leave
from convscope.train.series import keep_series
from convscope.train.state import State
from convscope.train.step import train_step, validate
from convscope.train.stop import Request, stop_requests
from convscope.train.timing import Clock


def train(
    data: Any, recipe: Recipe | None = None, *, on_progress: Listener = ignore, **overrides: Any
) -> Model:
    """Train a network on a folder of class folders, or any images; the best epoch is returned.

    The run is kept in ``recipe.out/recipe.name``; ``overrides`` are fields of ``Recipe``. Equal data and
    recipe give bit-equal weights on the same machine and thread count, however often the run is stopped
    and resumed. Raises BadImages, BadSpec, UnknownName and BadOutput before the first step; while
    training, Interrupted (all is saved, see its ``exit_code``) or Diverged.
    """
    began = perf_counter()
    keep_freed_memory()
    recipe = with_overrides(recipe or Recipe(), overrides)
    images = open_images(data)
    prepare = continue_course if recipe.resume else start_course
    course = prepare(images, data if isinstance(data, str) else images.name, recipe)
    with torch_settings(course.recipe.threads):  # those of the run, where it is a resumed one
        return run(course, on_progress, began)


def run(course: Course, on_progress: Listener, began: float) -> Model:
    """All epochs that are still to come, then the report."""
    state = first_state(course)
    notes = state.restore(course.run) if course.recipe.resume and course.run.begun else ()
    clock = Clock(course, state, began)
    if not course.recipe.resume:  # a run that was killed before it first saved begins again
        notes = clock.plan(course, state)
        course = with_epochs(course, course.epochs_in(state.steps))
        record_course(course)
    on_progress(started(course, state, notes))
    if state.step == 0:
        keep_series(course, state)
    with stop_requests() as request:
        train_classifier(course, state, request, on_progress)
        clock.started = perf_counter()  # of the steps alone
        while not state.ends(course.recipe.patience):
            run_epoch(course, state, request, clock, on_progress)
    return finish(course, state, on_progress)


def with_epochs(course: Course, epochs: int) -> Course:
    recipe = replace(course.recipe, epochs=epochs)
    return replace(course, plan=replace(course.plan, recipe=recipe))


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
    """A network with its first weights, and an optimiser that has seen nothing."""
    if course.plan.origin is not None:
        return state_from_weights(course, course.plan.origin)
    net = create(course.plan.architecture, seed=course.recipe.seed).train()
    if course.recipe.preset == "paper" and isinstance(net, nn.Sequential):
        draw_weights(net, course.recipe.seed)
    net = net.to(course.device).to(memory_format=torch.channels_last)
    average = Average(net, course.recipe.ema) if course.recipe.ema else None
    return State(net, make_optimizer(net, course.recipe), course.steps, average)


def train_classifier(course: Course, state: State, request: Request, on_progress: Listener) -> None:
    """The first stage of fine-tuning, unless it is done; stopped, it begins again when resumed."""
    if course.plan.origin is None or state.step or state.history:
        return
    for row in first_stage(course, course.plan.origin, state):
        if row is not None:
            remember(course, state, row, on_progress)
            save(course, state)
        if request.signal:
            leave(course, state, request)


def run_epoch(course: Course, state: State, request: Request, clock: Clock, on_progress: Listener) -> None:
    """The steps of one epoch that are still to come, and its validation."""
    epoch, done = divmod(state.step, course.steps_per_epoch)
    began, first = perf_counter(), state.step
    for batch in course.batches(epoch)[done:]:
        if not train_step(course, state, batch):
            return roll_back(course, state, lambda: first_state(course), batch)
        clock.look(state)
        speed = (perf_counter() - began) / (state.step - first)
        on_progress(step_event(course, state, epoch, speed))
        if state.step >= state.steps:
            break
        if state.step % course.steps_per_epoch:
            save_or_leave(course, state, request, within=True)
    close_epoch(course, state, epoch, perf_counter() - began, on_progress)
    save_or_leave(course, state, request, within=False)


def close_epoch(course: Course, state: State, epoch: int, seconds: float, on_progress: Listener) -> None:
    """Validate, and remember."""
    val_loss, val_accuracy = validate(course, state)
    loss, accuracy = state.take_means()
    row = {
        "epoch": epoch + 1,
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
        "lr": state.optimizer.param_groups[0]["lr"],
        "seconds": round(seconds, 3),
    }
    remember(course, state, row, on_progress)
    keep_series(course, state)


def remember(course: Course, state: State, row: dict[str, Any], on_progress: Listener) -> None:
    """Add an epoch to the history, and keep its weights where none before was clearly better."""
    row["kept"] = keeps(state.history, row, len(course.val))
    state.history.append(row)
    if row["kept"]:
        state.kept = state.weights()
    on_progress(Epoch(epochs=course.epochs_in(state.steps), **row))


def finish(course: Course, state: State, on_progress: Listener) -> Model:
    """Save the best epoch as the model, measure it, write the report."""
    course = replace(with_epochs(course, state.epochs), notes=(*course.notes, *told(course, state)))
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


def told(course: Course, state: State) -> list[str]:
    """What happened on the way."""
    if state.step >= state.steps:
        return state.notes
    return [*state.notes, f"Stopped early: {course.recipe.patience} epochs without a better one (patience)."]


def started(course: Course, state: State, notes: tuple[str, ...]) -> Started:
    """The event that a run begins, or goes on."""
    return Started(
        folder=str(course.run.folder),
        net=course.recipe.net or "",
        parameters=sum(parameter.numel() for parameter in state.net.parameters()),
        classes=len(course.images.classes),
        train_images=len(course.train),
        val_images=len(course.val),
        epochs=course.epochs_in(state.steps),
        steps=state.steps,
        step=state.step,
        notes=(*course.notes, *notes),
    )


def step_event(course: Course, state: State, epoch: int, seconds_per_step: float) -> Step:
    loss, accuracy = state.means()
    return Step(
        epoch=epoch + 1,
        epochs=course.epochs_in(state.steps),
        step=state.step,
        steps=state.steps,
        loss=loss,
        accuracy=accuracy,
        eta=seconds_per_step * (state.steps - state.step),
    )
