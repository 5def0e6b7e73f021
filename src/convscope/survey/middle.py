"""How much of a large field its tiles show: the middle that its projections lie in.

A unit can see all of its receptive field, and what moves it lies about the middle of it: the effective receptive
field, whose share of the field shrinks with depth (Luo et al. 2016, arXiv 1701.04128). A tile of the whole field
would show little else than the margin.
"""

import numpy as np

from convscope.atlas import layout
from convscope.survey.easel import Easel, Pair, project_pairs
from convscope.survey.job import Job

SHARE = 0.9  # of the squares of a projection
MOST = 0.75  # of the winners tried hold as much
TRIED = 32  # winners, the strongest of channels spread over the layer
TOGETHER = 8  # few, for this comes before any drawing, and where none was asked for, too
STEP = 8  # pixels: what is measured is not more exact
LITTLE = 0.8  # of a field is nearly all of it

Middle = tuple[int, int]


def middle_of(job: Job, place: int, numbers: dict[str, np.ndarray]) -> Middle | None:
    """The middle that the tiles of a layer show, measured if nobody has done so; None where they show the field."""
    entry = job.manifest["layers"][place]
    if "middle" not in entry:
        known = job.partial.load_middle(place)
        if known is None:
            known = _measured(job, place, numbers)
            job.partial.save_middle(place, known)
        entry["middle"] = known or None
    return job.middle(place)


def _measured(job: Job, place: int, numbers: dict[str, np.ndarray]) -> list[int]:
    if job.settings.tiles == "field" or job.settings.project == "none":
        return []
    easel = Easel(job.root, job.model, job.pixels, job.layers[place], numbers, job.rule(place))
    return list(measure_middle(easel) or ())


def measure_middle(easel: Easel) -> Middle | None:
    """Height and width in pixels of the middle of a layer's field that holds ``SHARE`` of most projections.

    None where that is nearly all, where the smallest tiles lose no detail of the field, and where units have no place.
    """
    fit, field, side = easel.model.fit, easel.layer.field, layout.SHEET_TILE
    height, width = min(field.size[0], fit.height), min(field.size[1], fit.width)
    if field.stride is None or easel.layer.height * easel.layer.width == 1 or max(height, width) <= side:
        return None
    tried = np.unique(np.linspace(0, easel.layer.channels - 1, TRIED).round().astype(int)).tolist()
    pairs = [pair for channel in tried for pair in easel.pairs(range(channel, channel + 1), slice(1))]
    reaches = [
        found
        for start in range(0, len(pairs), TOGETHER)
        for found in _reaches(easel, pairs[start : start + TOGETHER])
    ]
    if not reaches:
        return None
    edge = max(side, -(-2 * int(np.quantile(reaches, MOST, method="higher")) // STEP) * STEP)
    return None if edge >= LITTLE * max(height, width) else (min(edge, height), min(edge, width))


def _reaches(easel: Easel, pairs: list[Pair]) -> list[int]:
    """How far from the middle of each unit's field the square goes that holds ``SHARE`` of its projection."""
    signals, corners, _ = project_pairs(easel, pairs)
    return [
        reach(signal, *easel.centre(pair, corner))
        for pair, signal, corner in zip(pairs, signals, corners.tolist(), strict=True)
        if signal.any()
    ]


def reach(signal: np.ndarray, y: float, x: float) -> int:
    """Half the edge of the smallest square about the point (y, x) that holds ``SHARE`` of the squares of ``[h, w, c]``.

    >>> reach(np.eye(9)[4][None, :, None] * np.ones((9, 1, 1)), 4.5, 4.5)
    5
    """
    rows, columns = (np.abs(np.arange(n) + 0.5 - at) for n, at in zip(signal.shape, (y, x), strict=False))
    away = np.ceil(np.maximum(rows[:, None], columns) + 0.5).astype(int)
    held = np.bincount(away.ravel(), (signal.astype(np.float64) ** 2).sum(axis=2).ravel()).cumsum()
    return int(np.searchsorted(held, SHARE * held[-1]))
