"""One batch of training, and one look at the validation images."""

import numpy as np
import torch
from torch.nn import functional

from convscope.errors import Diverged
from convscope.train.augment import Changes
from convscope.train.course import Course
from convscope.train.optimizer import set_rate
from convscope.train.state import State


def train_step(course: Course, state: State, rows: np.ndarray, changes: Changes | None) -> None:
    """One batch: forward, loss, backward, update; raises Diverged."""
    chosen = torch.from_numpy(rows)
    pixels = course.train.values[chosen].float()
    if changes is not None:
        pixels = changes.of(chosen).apply(pixels)
    batch = course.normalise(pixels)
    labels = course.train.labels[chosen]
    torch.manual_seed(course.recipe.seed * 1_000_003 + state.step)  # dropout, repeatable
    logits = state.net(batch)
    loss = functional.cross_entropy(logits, labels, label_smoothing=course.recipe.smoothing or 0.0)
    if not torch.isfinite(loss):
        state.write_best(course.run.best)
        raise Diverged(diverged(course, state))
    state.optimizer.zero_grad()
    loss.backward()
    set_rate(state.optimizer, course.recipe, state.step, course.steps)
    state.optimizer.step()
    right = (logits.argmax(1) == labels).sum().item()
    state.count(loss.item() * len(rows), right, len(rows))


def validate(course: Course, state: State) -> tuple[float, float]:
    """(loss, accuracy) on the validation images, without smoothing."""
    state.net.eval()
    with torch.no_grad():
        logits = torch.cat([state.net(course.normalise(b)) for b in course.val.values.split(256)])
    state.to_train()
    loss = functional.cross_entropy(logits, course.val.labels).item()
    return loss, (logits.argmax(1) == course.val.labels).double().mean().item()


def diverged(course: Course, state: State) -> str:
    epoch, step = divmod(state.step, course.steps_per_epoch)
    kept = f" The best epoch so far is kept in {course.run.best}." if state.history else ""
    return (
        f"the loss is no longer a number in epoch {epoch + 1}, batch {step + 1} (lr {course.recipe.lr:g})."
        f"{kept} Train again with a lower --lr."
    )
