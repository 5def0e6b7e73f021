"""The weights on the way: before the first step, and after epochs that are nearly logarithmic."""

from convscope.train.checkpoint import write_checkpoint
from convscope.train.course import Course
from convscope.train.state import State


def keep_series(course: Course, state: State) -> None:
    """Keep the weights where the series has this epoch."""
    epoch = state.epochs
    if course.recipe.series and in_series(epoch):
        write_checkpoint(course.run.series(epoch), state.weights(), {"epoch": epoch, "step": state.step})


def in_series(epoch: int) -> bool:
    """0, 1, 2, 5, 10, 20, 50, …

    >>> [epoch for epoch in range(101) if in_series(epoch)]
    [0, 1, 2, 5, 10, 20, 50, 100]
    """
    return epoch == 0 or str(epoch).rstrip("0") in ("1", "2", "5")
