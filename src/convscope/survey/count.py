"""The streaming pass: every layer of every image is counted at its own call, then forgotten."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from convscope.model.model import Model, class_scores
from convscope.model.reading import read
from convscope.survey.sample import positions_a_map
from convscope.survey.tally import Tally

AHEAD = 2  # batches


@dataclass
class Counts:
    """What was found in some work units: a tally a layer, and of every image its predicted class, that one's probability
    and its lead over the second, the margin.
    """

    tallies: dict[str, Tally]
    predicted: np.ndarray
    probability: np.ndarray
    margin: np.ndarray
    units: set[int] = field(default_factory=set)

    @staticmethod
    def none(
        model: Model, layers: Sequence[str], images: int, classes: int, k: int, sample: np.ndarray
    ) -> "Counts":
        """Nothing found yet, of so many images and classes of labels; ``sample`` are rows whose peaks are kept."""
        values = positions_a_map(images)
        tallies = {name: Tally(model.layer(name).channels, classes, k, values, sample) for name in layers}
        probability, margin = (np.zeros(images, dtype=np.float32) for _ in range(2))
        return Counts(tallies, np.zeros(images, dtype=np.int32), probability, margin)

    def merge(self, other: "Counts") -> None:
        """Take in what was found in other units."""
        assert not self.units & other.units, "an image must not be counted twice"
        for name, tally in self.tallies.items():
            tally.merge(other.tallies[name])
        self.predicted += other.predicted  # each image's is zero in all units but its own
        self.probability += other.probability
        self.margin += other.margin
        self.units |= other.units


def work_units(count: int, batch: int) -> list[range]:
    """Rows of each work unit, a batch; the same for every way of sharing the work."""
    return [range(start, min(start + batch, count)) for start in range(0, count, batch)]


def count_unit(
    model: Model, labels: np.ndarray, counts: Counts, number: int, rows: np.ndarray, batch: Tensor
) -> None:
    """Add work unit ``number``, the ``batch`` of the images in ``rows``, to ``counts``; ``labels`` are of all images.

    What is counted already spares work: only what beats the winners so far is ranked. Raises BadModel on NaN,
    naming layer and image; ``counts`` are then of no use.
    """
    count_batch(model, counts, rows, batch, labels[rows])
    counts.units.add(number)


def count_batch(model: Model, counts: Counts, rows: np.ndarray, batch: Tensor, labels: np.ndarray) -> None:
    """Add one batch ``[N, C, H, W]`` of the images in ``rows``, with their ``labels`` ``[N]``."""

    def reader(name: str):
        return lambda output: counts.tallies[name].add(output, rows, labels, name)

    def keep_scores(output: Tensor) -> None:
        if model.output in counts.tallies:
            reader(model.output)(output)
        scores = class_scores(output.detach().float())
        counts.predicted[rows] = scores.argmax(dim=1).cpu().numpy()
        best = model.shares(scores).topk(min(2, scores.shape[1]), dim=1).values.cpu().numpy()
        counts.probability[rows] = best[:, 0]
        counts.margin[rows] = best[:, 0] - best[:, 1:].sum(axis=1)  # of a single class: all of it

    read(model, batch, {name: reader(name) for name in counts.tallies} | {model.output: keep_scores})


def read_ahead(
    load: Callable[[range], Tensor], batches: Iterable[range], readers: int = 1
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Rows and pixels of batches in order, by so many readers, ``AHEAD`` for each while one is counted."""
    with ThreadPoolExecutor(readers) as pool:
        waiting: deque[tuple[range, Future[Tensor]]] = deque()
        for rows in batches:
            waiting.append((rows, pool.submit(load, rows)))
            if len(waiting) > AHEAD * readers:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)


def _first(waiting: deque[tuple[range, Future[Tensor]]]) -> tuple[np.ndarray, Tensor]:
    rows, batch = waiting.popleft()
    return np.arange(rows.start, rows.stop), batch.result()
