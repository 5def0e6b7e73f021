"""One batch of training, and one look at the validation images."""

from math import isfinite

import torch
from torch import Tensor
from torch.nn import functional

from convscope.nets.zfnet import clip_rms
from convscope.train.batches import Batch
from convscope.train.course import Course
from convscope.train.memory import shown_in_parts
from convscope.train.optimizer import set_rate
from convscope.train.precision import arithmetic
from convscope.train.state import State

VALIDATED = 256  # images at once


def train_step(course: Course, state: State, batch: Batch) -> bool:
    """One batch: forward, loss, backward, update; False, and nothing updated, where the loss is no number."""
    loss, right = shown_in_parts(state, batch, lambda parts: gradients(course, state, parts))
    if not isfinite(loss):
        return False
    rate = 0.5**state.rolled_back
    set_rate(state.optimizer, course.recipe, state.step, state.steps, rate)
    state.optimizer.step()
    if course.recipe.clip_rms is not None:
        clip_rms(state.net, course.recipe.clip_rms)
    state.count(loss * len(batch), right, len(batch))
    return True


def gradients(course: Course, state: State, parts: list[Batch]) -> tuple[float, float]:
    """(mean loss, how many were right) of a batch in parts; the gradients are those of the whole batch."""
    state.optimizer.zero_grad()
    torch.manual_seed(course.recipe.seed * 1_000_003 + state.step)  # dropout, repeatable
    weights = course.class_weights
    labels = [course.train.labels[torch.from_numpy(part.rows)] for part in parts]
    whole = sum(float(_weight(part, weights)) for part in labels)
    told = torch.zeros(2, dtype=torch.float64)
    for part, true in zip(parts, labels, strict=True):
        batch = course.normalise(part.pixels(course.train))
        with arithmetic(course.recipe.precision, course.device):
            scores = state.net(batch)
        loss = functional.cross_entropy(
            scores.float(), true, weights, reduction="sum", label_smoothing=course.recipe.smoothing or 0.0
        )
        (loss / whole).backward()
        told += torch.stack([loss.detach() / whole, (scores.argmax(1) == true).sum()]).cpu()
    return float(told[0]), float(told[1])


def _weight(labels: Tensor, weights: Tensor | None) -> Tensor | int:
    return len(labels) if weights is None else weights[labels].sum()


def validate(course: Course, state: State) -> tuple[float, float]:
    """(loss, accuracy) on the validation images in float32, without smoothing and class weights."""
    size = max(VALIDATED // state.parts, 1)
    with state.judged() as net, torch.no_grad():
        scores = torch.cat([net(course.normalise(values)) for values in course.val.values.split(size)])
    loss = functional.cross_entropy(scores, course.val.labels).item()
    return loss, (scores.argmax(1) == course.val.labels).double().mean().item()
