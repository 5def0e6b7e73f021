"""Which images fire a channel: what an atlas knows of that, which is not everything."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.columns import shown
from convscope.explorer.excerpt import is_in, rows_in

KEPT = 100  # images a channel, the strongest first


class Fires(NamedTuple):
    """The ``rows`` known to fire a channel most and their ``values``, how many do, and of how many images it is known."""

    rows: list[int]
    values: list[float | None]
    fire: int
    known: int


def fires(atlas: Atlas, layer: AtlasLayer, channels: Iterable[int]) -> list[Fires]:
    """For each of some channels of a layer: from its winners, and the sample of images whose strongest answers are kept.

    Where not all winners are above zero nobody else is, so that all images are known.
    """
    numbers, peaks, images = atlas.numbers(layer.name), atlas.peaks(layer.name), len(atlas.images)
    sample = peaks["row"] if peaks else np.empty(0, dtype=np.int32)
    shown_rows = set(rows_in(atlas).tolist())
    found = []
    for channel in channels:
        best = dict(zip(sample.tolist(), peaks["peak"][channel].tolist(), strict=True)) if peaks else {}
        winners = zip(numbers["image"][channel].tolist(), numbers["value"][channel].tolist(), strict=True)
        best |= {row: value for row, value in winners if row >= 0}
        ranked = sorted((-value, row) for row, value in best.items() if value > 0)
        known = images if numbers["value"][channel, -1] <= 0 else len(best)
        rows = [row for _, row in ranked[:KEPT] if row in shown_rows]
        if is_in(atlas, layer.name, channel):
            found.append(Fires(rows, [shown(best[row]) for row in rows], len(ranked), known))
        else:
            found.append(Fires([], [], 0, 0))
    return found
