"""When a run saves, and how it leaves."""

import json
from shlex import quote
from time import perf_counter

from convscope.errors import BadOutput, Interrupted
from convscope.plain.files import write_text
from convscope.train.course import Course
from convscope.train.state import State
from convscope.train.stop import Request

SAVE_EVERY = 10.0  # seconds, at the end of an epoch; what a crash loses is computed again, to the bit
SAVE_WITHIN = 60.0  # seconds, inside one
OTHER_PLACE = " Choose another place with --out."  # no help to a run that has its place


def save_or_leave(course: Course, state: State, request: Request, *, within: bool) -> None:
    """Save if the last time is a while ago, and leave where that is asked; at the end there is no leaving."""
    ends = state.ends(course.recipe.patience)
    if ends or perf_counter() - state.saved > (SAVE_WITHIN if within else SAVE_EVERY):
        save(course, state)
    if request.signal and not ends:
        leave(course, state, request)


def save(course: Course, state: State) -> None:
    """Write where the run stands; after a crash in between, the older ``last`` leads to the same again."""
    try:
        state.write_best(course.run)
        write_text(course.run.metrics, "".join(json.dumps(row) + "\n" for row in state.history))
        state.write(course.run)
    except BadOutput as error:
        raise BadOutput(
            f"{str(error).removesuffix(OTHER_PLACE)} What was saved before is kept: make room there, then "
            f"continue with: {resume_command(course)}"
        ) from error


def leave(course: Course, state: State, request: Request) -> None:
    """Save where we are and say how to go on."""
    save(course, state)
    raise Interrupted(
        f"stopped in epoch {state.step // course.steps_per_epoch + 1} of {course.epochs_in(state.steps)}; "
        f"nothing is lost. "
        f"Continue with: {resume_command(course)}",
        request.exit_code,
    )


def resume_command(course: Course) -> str:
    run = course.run.folder
    return f"convscope train {quote(course.data)} --out {quote(str(run.parent))} --name {quote(run.name)} --resume"
