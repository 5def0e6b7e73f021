"""How many steps fit a number of minutes on this machine: planned before the first, and again on the way."""

from copy import deepcopy
from time import perf_counter

import numpy as np

from convscope.train.course import TEST, Course
from convscope.train.optimizer import make_optimizer
from convscope.train.state import State
from convscope.train.step import train_step, validate

TRIAL = 4  # timed steps; the first one before them warms up
TOLERATED = 0.02  # share of the minutes that a plan may miss before it is made again


class Clock:
    """The time of a sitting that ``began`` when the images were not yet decoded; plans where minutes are asked."""

    def __init__(self, course: Course, state: State, began: float):
        self.budget = 60 * course.recipe.minutes if course.recipe.minutes else None
        self.began = began - state.seconds  # as if it had all been one sitting
        self.first = state.step
        self.closing = closing_seconds(course, state) if self.budget else 0.0
        self.started = perf_counter()

    @property
    def spent(self) -> float:
        """Seconds of all sittings so far."""
        return perf_counter() - self.began

    def plan(self, course: Course, state: State) -> None:
        """Choose how many steps there will be by timing a few, where minutes are asked."""
        if self.budget:
            pauses = self.closing / course.steps_per_epoch
            state.steps = max(1, self._steps(state, step_seconds(course, state) + pauses))
            self.started = perf_counter()

    def look(self, state: State) -> None:
        """Remember the time, and plan anew where the steps turn out slower or faster than planned."""
        state.seconds = self.spent
        done = state.step - self.first
        if not self.budget or done < TRIAL:
            return
        seconds = (perf_counter() - self.started) / done
        steps = self._steps(state, seconds)
        if abs(steps - state.steps) * seconds > TOLERATED * self.budget:
            state.steps = steps

    def _steps(self, state: State, seconds: float) -> int:
        left = (self.budget or 0.0) - self.spent - self.closing
        return state.step + max(0, int(left / seconds))  # none are left where the time is over


def closing_seconds(course: Course, state: State) -> float:
    """What the last validation and the report will take: the validation and test images, read again."""
    began = perf_counter()
    validate(course, state)
    tested = sum(split == TEST for split in course.images.splits) / max(len(course.val), 1)
    return (perf_counter() - began) * (2 + 2 * tested)


def step_seconds(course: Course, state: State) -> float:
    """Median time of a few steps on a copy of the network that is then thrown away."""
    net = deepcopy(state.net)
    copy = State(net, make_optimizer(net, course.recipe), steps=state.steps)
    batch = course.batches(0)[0]
    times = []
    for _ in range(TRIAL + 1):
        began = perf_counter()
        train_step(course, copy, batch)
        times.append(perf_counter() - began)
    return float(np.median(times[1:]))
