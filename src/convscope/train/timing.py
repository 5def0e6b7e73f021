"""How many epochs fit a number of minutes on this machine."""

from copy import deepcopy
from dataclasses import replace
from time import perf_counter

import numpy as np

from convscope.train.course import Course
from convscope.train.optimizer import make_optimizer
from convscope.train.state import State
from convscope.train.step import train_step

TRIAL = 4  # timed steps; the first one before them warms up
RESERVE = 1.15  # validation and report


def epochs_within(course: Course, state: State) -> Course:
    """The course with its epochs chosen by ``recipe.minutes``; unchanged where none are asked."""
    if course.recipe.minutes is None:
        return course
    seconds = step_seconds(course, state) * course.steps_per_epoch * RESERVE
    epochs = max(1, int(course.recipe.minutes * 60 / seconds))
    recipe = replace(course.recipe, epochs=epochs, minutes=None)
    return replace(course, plan=replace(course.plan, recipe=recipe))


def step_seconds(course: Course, state: State) -> float:
    """Median time of a few steps on a copy that is then thrown away."""
    net = deepcopy(state.net)
    copy = State(net, make_optimizer(net, course.recipe))
    rows = np.arange(min(course.recipe.batch or 1, len(course.train)))
    changes = course.changes(0)
    times = []
    for _ in range(TRIAL + 1):
        began = perf_counter()
        train_step(course, copy, rows, changes)
        times.append(perf_counter() - began)
    return float(np.median(times[1:]))
