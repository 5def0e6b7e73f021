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
    whole = sum(_weight(course, part) for part in parts)
    told = torch.zeros(2, dtype=torch.float64)
    for part in parts:
        batch = course.normalise(part.pixels(course.train))
        with arithmetic(course.recipe.precision, course.device):
            scores = state.net(batch)
        loss, right = _summed(course, part, scores.float())
        (loss / whole).backward()
        told += torch.stack([loss.detach() / whole, right]).cpu()
    return float(told[0]), float(told[1])


def _summed(course: Course, part: Batch, scores: Tensor) -> tuple[Tensor, Tensor]:
    """(loss, how many are right), summed; of a mixed picture each class counts by its share."""
    smoothing, said = course.recipe.smoothing or 0.0, scores.argmax(1)
    loss, right = scores.new_zeros(2)
    for share, true in part.targets(course.train):
        losses = functional.cross_entropy(
            scores, true, course.class_weights, reduction="none", label_smoothing=smoothing
        )
        loss, right = loss + (share * losses).sum(), right + (share * (said == true)).sum()
    return loss, right


def _weight(course: Course, part: Batch) -> float:
    """What the images of a part weigh in the loss."""
    if course.class_weights is None:
        return len(part)
    return sum(
        float((share * course.class_weights[true]).sum()) for share, true in part.targets(course.train)
    )


def validate(course: Course, state: State) -> tuple[float, float]:
    """(loss, accuracy) on the validation images in float32, without smoothing and class weights."""
    size = max(VALIDATED // state.parts, 1)
    with state.judged() as net, torch.no_grad():
        scores = torch.cat([net(course.normalise(values)) for values in course.val.values.split(size)])
    loss = functional.cross_entropy(scores, course.val.labels).item()
    return loss, (scores.argmax(1) == course.val.labels).double().mean().item()
