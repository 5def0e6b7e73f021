"""What the numbers of a shift study say, in words that claim no more than was measured."""

import numpy as np

from convscope.plain.shifts import Reaction, Shifts

DIRECTIONS = {"x": "to the right", "y": "down", "both": "to the right and down"}
CLEAR = 2.0  # standard errors from which a difference is called one


def difference(mine: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """(mean, standard error) over pictures of ``mine - theirs``, both ``[n, shifts]``, paired and averaged over shifts.

    >>> difference(np.array([[1.0, 1.0], [3.0, 3.0]]), np.zeros((2, 2)))
    (2.0, 1.0)
    """
    apart = np.ma.masked_invalid(mine - theirs).mean(axis=1).compressed()
    error = apart.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else np.inf
    return (float(apart.mean()) if len(apart) else 0.0), float(error)


def _moved(shifts: Shifts) -> np.ndarray:
    """Which steps move the picture at all."""
    steps = np.array(shifts.settings.steps)
    return steps > 0 if (steps > 0).any() else steps >= 0


def _subject(shifts: Shifts) -> str:
    steps = [step for step, moved in zip(shifts.settings.steps, _moved(shifts), strict=True) if moved]
    count = len(shifts.ids)
    pixels = (
        f"{steps[0]} to {steps[-1]} pixels" if len(steps) > 1 else f"{steps[0]} pixel{'s' * (steps[0] != 1)}"
    )
    return f"Over {count} picture{'s' * (count != 1)} moved {pixels} {DIRECTIONS[shifts.settings.axis]}"


def alone(shifts: Shifts) -> str:
    """How one network reacts, in a sentence."""
    moved = _moved(shifts)
    change, kept = shifts.model.output.change[:, moved], shifts.model.kept[:, moved]
    return (
        f"{_subject(shifts)}, the class scores of {shifts.model.model} change by {np.ma.masked_invalid(change).mean():.3f} of their "
        f"length on average, and the class named stays in {kept.mean():.1%} of cases."
    )


def compared(shifts: Shifts, twin: Reaction) -> str:
    """Which of two networks changes less, in a sentence; neither where the difference is not clear."""
    moved, names = _moved(shifts), (shifts.model.model, twin.model)
    mine, theirs = (each.output.change[:, moved] for each in (shifts.model, twin))
    apart = difference(mine, theirs)
    verdict = f"{names[apart[0] > 0]} changes less" if _clear(apart) else "no clear difference"
    return (
        f"{_subject(shifts)}, the class scores of {names[0]} change by {np.ma.masked_invalid(mine).mean():.3f} of their length on "
        f"average and those of {names[1]} by {np.ma.masked_invalid(theirs).mean():.3f} (difference {_words(apart)}): {verdict}."
    )


def details(shifts: Shifts, twin: Reaction) -> list[str]:
    """The answer, the stages, and what the comparison does not show."""
    mine, theirs = (each.kept[:, _moved(shifts)].astype(float) for each in (shifts.model, twin))
    return [
        f"The class named stays in {mine.mean():.1%} against {theirs.mean():.1%} of cases "
        f"(difference {_words(difference(mine, theirs))}).",
        *_stage_by_stage(shifts),
        "± is the standard error over pictures; a difference beyond two of them is called clear. These are two "
        "trained networks: another seed may differ.",
    ]


def _stage_by_stage(shifts: Shifts) -> list[str]:
    """In how many of the paired stages the model clearly changes less, and more, than its twin."""
    moved = _moved(shifts)
    pairs = [(mine, theirs) for mine, theirs in shifts.pairs if theirs is not None]
    found = [difference(mine.change[:, moved], theirs.change[:, moved]) for mine, theirs in pairs]
    less, more = (sum(_clear(apart) and sign * apart[0] > 0 for apart in found) for sign in (-1, 1))
    if len(pairs) < 2:
        return []
    return [f"{shifts.model.model} clearly changes less in {less} and more in {more} of {len(pairs)} stages."]


def _clear(apart: tuple[float, float]) -> bool:
    return abs(apart[0]) > CLEAR * apart[1]


def _words(apart: tuple[float, float]) -> str:
    return f"{apart[0]:+.3f} ± {apart[1]:.3f}" if np.isfinite(apart[1]) else f"{apart[0]:+.3f}, one picture"
