"""The streaming pass: every layer of every image is counted at its own call, then forgotten."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from convscope.model.model import Model
from convscope.model.reading import read
from convscope.survey.pixels import Pixels
from convscope.survey.progress import Progress, Report
from convscope.survey.settings import UNIT_BATCHES, Survey
from convscope.survey.tally import Tally


@dataclass
class Counts:
    """What one pass found: a tally a layer, and the class scores of every image."""

    tallies: dict[str, Tally]
    scores: list[np.ndarray] = field(default_factory=list)

    def merge(self, later: "Counts") -> None:
        for name, tally in self.tallies.items():
            tally.merge(later.tallies[name])
        self.scores.extend(later.scores)


def work_units(count: int, batch: int) -> list[list[range]]:
    """Rows in batches, batches in units; the same for every way of sharing the work."""
    batches = [range(start, min(start + batch, count)) for start in range(0, count, batch)]
    return [batches[start : start + UNIT_BATCHES] for start in range(0, len(batches), UNIT_BATCHES)]


def count_all(
    model: Model, pixels: Pixels, layers: Sequence[str], settings: Survey, report: Report | None
) -> Counts:
    """Count every unit and merge them in order; raises BadModel on NaN, naming layer and image."""
    images = pixels.images
    found: Counts | None = None
    done = 0
    for unit in work_units(len(images), settings.batch):
        counts = Counts({name: _empty(model, name, len(images.classes), settings.k) for name in layers})
        for rows, batch in _prefetched(pixels, unit):
            _count_batch(model, layers, counts, rows, batch, images.labels)
            done += len(rows)
            if report:
                report(Progress("counting", done, len(images), "images"))
        if found is None:
            found = counts
        else:
            found.merge(counts)
    assert found is not None  # open_images refuses an empty set
    return found


def _empty(model: Model, layer: str, classes: int, k: int) -> Tally:
    return Tally(model.layer(layer).channels, classes, k)


def _count_batch(
    model: Model, layers: Sequence[str], counts: Counts, rows: np.ndarray, batch: Tensor, labels: np.ndarray
) -> None:
    def reader(name: str):
        return lambda output: counts.tallies[name].add(output, rows, labels[rows], name)

    def keep_scores(output: Tensor) -> None:
        if model.output in counts.tallies:
            reader(model.output)(output)
        counts.scores.append(output.detach().float().flatten(1).cpu().numpy())

    read(model, batch, {name: reader(name) for name in layers} | {model.output: keep_scores})


def _prefetched(pixels: Pixels, unit: Sequence[range]) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Batches in order, the next one decoded while this one is counted."""
    with ThreadPoolExecutor(1) as ahead:
        waiting = [ahead.submit(pixels.batch, rows) for rows in unit]
        for rows, future in zip(unit, waiting, strict=True):
            yield np.arange(rows.start, rows.stop), future.result()
