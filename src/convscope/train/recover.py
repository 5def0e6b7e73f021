"""What a run does when its loss is no number: back to the best epoch, at half the rate."""

from collections.abc import Callable

from convscope.errors import Diverged
from convscope.train.average import Average
from convscope.train.batches import Batch
from convscope.train.course import Course
from convscope.train.optimizer import make_optimizer
from convscope.train.state import State

TRIES = 3
NAMED = 3  # images of the batch that a message names


def roll_back(course: Course, state: State, fresh: Callable[[], State], batch: Batch) -> None:
    """Take the weights of the best epoch, or those of ``fresh``, and go on with this epoch at half the rate.

    All that decides where it goes on is in the checkpoints, so that a run that is killed on the way rolls
    back to the same weights. Raises Diverged after a few times.
    """
    what = diverged(course, state, batch)
    if state.rolled_back == TRIES:
        state.write_best(course.run)
        raise Diverged(f"{what}{_after(course, state)} Train again with a lower --lr.")
    kept = state.kept or fresh().weights()
    state.net.load_state_dict(kept)
    state.optimizer = make_optimizer(state.net, course.recipe, state.shares)
    state.average = Average(state.net, state.average.decay) if state.average else None
    state.step -= state.step % course.steps_per_epoch
    state.take_means()
    state.rolled_back += 1
    where = f"epoch {state.best['epoch']}" if state.best else "the beginning"
    state.notes.append(f"{what} Rolled back to the weights of {where}, from there with half the rate.")


def diverged(course: Course, state: State, batch: Batch) -> str:
    """Which batch it was, by its images."""
    epoch, step = divmod(state.step, course.steps_per_epoch)
    ids = [course.train.ids[row] for row in batch.rows]
    named = ", ".join(ids[:NAMED]) + (f", … ({len(ids)} images)" if len(ids) > NAMED else "")
    rate = (course.recipe.lr or 0.0) * 0.5**state.rolled_back
    return f"the loss is no longer a number in epoch {epoch + 1}, batch {step + 1} (lr {rate:g}; images {named})."


def _after(course: Course, state: State) -> str:
    kept = f" The best epoch so far is kept in {course.run.best}." if state.history else ""
    return f" Rolling back {TRIES} times, with half the rate each, did not help.{kept}"
