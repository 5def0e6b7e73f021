"""The two stages of fine-tuning: the new classifier alone on remembered features, then everything, more slowly."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from convscope.train.average import Average
from convscope.train.course import Course
from convscope.train.finetune import FEW, Origin
from convscope.train.finetune_head import Head, classifier, find_head, reaching
from convscope.train.optimizer import make_optimizer
from convscope.train.pixels import Pixels
from convscope.train.schedule import WARM_UP, one_cycle
from convscope.train.state import State

BATCH, EPOCHS, RATE, DECAY = 64, 30, 3e-3, 0.05  # of the first stage
PARTS, LOWEST = 4, 0.1  # of the second: parts of a network, and the first one's share of the rate


@dataclass(frozen=True, eq=False)
class Features:
    """What reaches the classifier: of the training images once a view, of the validation images once."""

    train: list[Tensor]
    val: Tensor


def first_stage(course: Course, origin: Origin, state: State) -> Iterator[dict[str, Any] | None]:
    """Train the classifier of a network alone: None after each batch of features, then its line of the history.

    Nothing of the network is changed before the last batch. Of the training images are remembered the
    pictures as they are, and as the first epochs change them; the rest of the network is in evaluation mode.
    """
    began, net = perf_counter(), state.net
    head = find_head(net, classifier(origin.architecture), course.normalise(course.train.values[:1]))
    views = origin.views(len(course.images), course.plan.fit)
    if head is None or not views:
        state.to_train()
        return
    train = []
    for view in range(views):
        train.append((yield from _features(course, net, head, course.train, view)))
    features = Features(train, (yield from _features(course, net, head, course.val, 0)))
    loss, accuracy = _train(course, head, features)
    state.average = Average(net, state.average.decay) if state.average else None  # of a classifier that knows
    state.to_train()
    val_loss, val_accuracy = _measure(head, features.val, course.val.labels)
    yield {
        "epoch": 0, "loss": loss, "accuracy": accuracy, "val_loss": val_loss, "val_accuracy": val_accuracy,
        "lr": RATE, "seconds": round(perf_counter() - began, 3),
    }  # fmt: skip


def state_from_weights(course: Course, origin: Origin) -> State:
    """The trained network with a new classifier, each part of it with its own share of the learning rate."""
    net = origin.net(course.recipe.seed).to(course.device).to(memory_format=torch.channels_last)
    shares = rate_shares(net, classifier(origin.architecture))
    optimizer = make_optimizer(net, course.recipe, shares)
    average = Average(net, course.recipe.ema) if course.recipe.ema else None
    state = State(net, optimizer, course.steps, average, shares=shares)
    state.frozen = frozen_norms(net, len(course.images))
    state.to_train()
    return state


def _features(
    course: Course, net: nn.Module, head: Head, images: Pixels, view: int
) -> Generator[None, None, Tensor]:
    """What reaches the classifier of all images, as they are in view 0, else as epoch ``view`` changes them."""
    changes = course.changes(view - 1) if view else None
    parts = []
    for rows in torch.arange(len(images)).split(BATCH):
        pixels = images.values[rows].float()
        changed = pixels if changes is None else changes.of(rows).apply(pixels)
        parts.append(reaching(net, head.layer, course.normalise(changed))[1][0])
        yield None
    return torch.cat(parts)


def _train(course: Course, head: Head, features: Features) -> tuple[float, float]:
    """(loss, accuracy) of the last epoch of the classifier alone."""
    optimizer = torch.optim.AdamW(head.layer.parameters(), lr=0.0, weight_decay=DECAY)
    steps, told = EPOCHS * course.steps_per_epoch, torch.zeros(2, dtype=torch.float64)
    for epoch in range(EPOCHS):
        view = features.train[epoch % len(features.train)]
        told.zero_()
        for step, batch in enumerate(course.batches(epoch), epoch * course.steps_per_epoch):
            chosen = torch.from_numpy(batch.rows)
            told += _step(course, head, optimizer, view[chosen], course.train.labels[chosen], step / steps)
    return float(told[0]) / len(course.train), float(told[1]) / len(course.train)


def _step(
    course: Course,
    head: Head,
    optimizer: torch.optim.Optimizer,
    features: Tensor,
    labels: Tensor,
    share: float,
) -> Tensor:
    """One batch, ``share`` of all steps being done; its summed loss and how many were right, ``[2]``."""
    scores = head.scores(features)
    loss = functional.cross_entropy(
        scores, labels, course.class_weights, label_smoothing=course.recipe.smoothing or 0.0
    )
    optimizer.zero_grad()
    loss.backward()
    for group in optimizer.param_groups:
        group["lr"] = RATE * one_cycle(share, WARM_UP)
    optimizer.step()
    return torch.stack([loss.detach() * len(labels), (scores.argmax(1) == labels).sum()]).cpu()


def _measure(head: Head, features: Tensor, labels: Tensor) -> tuple[float, float]:
    """(loss, accuracy) of features, without smoothing."""
    with torch.no_grad():
        scores = torch.cat([head.scores(part) for part in features.split(256)])
    loss = functional.cross_entropy(scores, labels).item()
    return loss, (scores.argmax(1) == labels).double().mean().item()


def rate_shares(net: nn.Module, new: tuple[str, ...]) -> dict[str, float]:
    """The share of the learning rate that each parameter has: 1 for the new classifier, less the earlier it comes.

    The rest is cut into four parts of equally many parameters by name, whose shares grow geometrically from
    a tenth (discriminative fine-tuning: Howard & Ruder 2018, arXiv 1801.06146, section 3.2).
    """
    old = [name for name, _ in net.named_parameters() if name not in new]
    part = {name: place * PARTS // len(old) for place, name in enumerate(old)}
    shares = {name: round(LOWEST ** (1 - part[name] / PARTS), 3) for name in old}
    return shares | dict.fromkeys(new, 1.0)


def frozen_norms(net: nn.Module, images: int) -> tuple[nn.Module, ...]:
    """The batch norms that keep the statistics of their weights, as few images would give worse ones."""
    return tuple(layer for layer in net.modules() if isinstance(layer, _BatchNorm)) if images < FEW else ()
