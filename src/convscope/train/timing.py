"""How many steps fit a number of minutes on this machine: planned before the first, and again on the way."""

from copy import deepcopy
from math import ceil
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

    def plan(self, course: Course, state: State) -> tuple[str, ...]:
        """Choose how many steps there will be by timing a few, where minutes are asked; a note where they are few."""
        if not self.budget:
            return ()
        epoch = course.steps_per_epoch
        seconds = step_seconds(course, state) + self.closing / epoch
        state.steps = max(1, self._steps(state, seconds))
        self.started = perf_counter()
        return too_few(self.budget, self.spent + self.closing, state.steps, epoch, seconds)

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


def too_few(budget: float, aside: float, steps: int, epoch: int, seconds: float) -> tuple[str, ...]:
    """A note where ``budget`` seconds are for fewer ``steps`` of so many ``seconds`` than an ``epoch`` has, with ``aside`` for the rest.

    >>> too_few(60, aside=45, steps=30, epoch=100, seconds=0.5)[0]
    'Of 1 minutes 0.8 go into reading the images and the report: 30 steps remain, too few to see every image once. --minutes 1.6 would do.'
    """
    if steps >= epoch:
        return ()
    enough = ceil((aside + epoch * seconds) / 6) / 10
    return (
        f"Of {budget / 60:g} minutes {aside / 60:.1f} go into reading the images and the report: {steps} steps remain, too few to "
        f"see every image once. --minutes {enough:g} would do.",
    )


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
