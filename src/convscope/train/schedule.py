"""How the learning rate moves over a run: a function of the step, never of what happened before."""

from collections.abc import Callable
from math import cos, pi

WARM_UP = 0.25  # share of the steps in which the rate of one cycle rises
START = 0.04  # of the highest rate


def one_cycle(share: float, peak: float) -> float:
    """Up along a cosine, then down to zero (Smith & Topin 2017, arXiv 1708.07120)."""
    if share < peak:
        return START + (1 - START) * (1 - cos(pi * share / peak)) / 2
    return (1 + cos(pi * (share - peak) / max(1 - peak, 1e-12))) / 2


def constant(share: float, peak: float) -> float:
    """Always the highest rate."""
    return 1.0


def stairs(share: float, peak: float) -> float:
    """A tenth after half of the steps, a hundredth after three quarters (He et al. 2016, section 4.2)."""
    return 1.0 if share < 0.5 else 0.1 if share < 0.75 else 0.01


SCHEDULES: dict[str, Callable[[float, float], float]] = {
    "one-cycle": one_cycle,
    "constant": constant,
    "step": stairs,
}


def learning_rate(schedule: str, step: int, steps: int, highest: float) -> float:
    """The rate of one step, the first being 0.

    >>> [round(learning_rate("one-cycle", step, 8, 1.0), 2) for step in range(8)]
    [0.04, 0.52, 1.0, 0.93, 0.75, 0.5, 0.25, 0.07]
    >>> [learning_rate("step", step, 4, 1.0) for step in range(4)]
    [1.0, 1.0, 0.1, 0.01]
    """
    return highest * SCHEDULES[schedule](step / max(steps, 1), max(WARM_UP, 1 / max(steps, 1)))
