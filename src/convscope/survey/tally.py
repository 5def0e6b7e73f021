"""What is counted of one layer: strongest places and running sums, mergeable in any order."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from convscope.errors import BadModel
from convscope.survey import quantiles
from convscope.survey.exact import ExactSum

HISTOGRAM_BINS = 64
SUMS = ("total", "class_total", "class_peak")
PARTS = ("whole", "parts", "endless")
COUNTS = ("positive", "counts", "class_images", "values")


@dataclass(frozen=True)
class Winners:
    """The ``k`` strongest activations of every channel, at most one an image, each array ``[C, k]``.

    Of equal values the lower image row wins, then the earlier position in row-major order.
    """

    value: np.ndarray
    image: np.ndarray
    y: np.ndarray
    x: np.ndarray

    @staticmethod
    def none(channels: int, k: int) -> "Winners":
        places = [np.full((channels, k), -1, dtype=np.int32) for _ in range(3)]
        return Winners(np.full((channels, k), -np.inf, dtype=np.float32), *places)

    def merge(self, other: "Winners") -> "Winners":
        """The ``k`` strongest of both; the images of both must differ."""
        k = self.value.shape[1]
        columns = [np.concatenate(pair, axis=1) for pair in zip(self.arrays(), other.arrays(), strict=True)]
        value, image = columns[0], columns[1]
        # an empty place (-inf, -1) comes after a true value of minus infinity
        order = np.lexsort((image, image < 0, -value), axis=1)[:, :k]
        return Winners(*(np.take_along_axis(column, order, axis=1) for column in columns))

    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.value, self.image, self.y, self.x


@dataclass
class Tally:
    """Running numbers of one layer over the images seen so far.

    All of it is whole numbers, maxima and minima: merging is associative and commutative to the bit.
    """

    channels: int
    classes: int
    k: int
    winners: Winners = field(init=False)
    total: ExactSum = field(init=False)
    positive: np.ndarray = field(init=False)
    counts: np.ndarray = field(init=False)
    low: np.ndarray = field(init=False)
    class_total: ExactSum = field(init=False)
    class_peak: ExactSum = field(init=False)
    class_images: np.ndarray = field(init=False)
    values: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.winners = Winners.none(self.channels, self.k)
        self.total = ExactSum((self.channels,))
        self.positive = np.zeros(self.channels, dtype=np.int64)
        self.counts = np.zeros((self.channels, quantiles.BINS), dtype=np.int64)
        self.low = np.full(self.channels, np.inf, dtype=np.float32)
        self.class_total = ExactSum((self.classes, self.channels))
        self.class_peak = ExactSum((self.classes, self.channels))
        self.class_images = np.zeros(self.classes, dtype=np.int64)
        self.values = np.zeros(1, dtype=np.int64)

    def add(self, output: Tensor, rows: np.ndarray, labels: np.ndarray, layer: str) -> None:
        """Count one batch ``[N, C, ...]`` of the images in ``rows``; raises BadModel on NaN."""
        width = output.shape[-1] if output.dim() > 2 else 1
        maps = output.float().flatten(2) if output.dim() > 2 else output.float()[:, :, None]
        peak, place = maps.max(dim=2)
        if torch.isnan(peak).any():
            row = int(rows[int(torch.isnan(peak).any(dim=1).nonzero()[0])])
            raise BadModel(f"layer {layer} is NaN for image row {row}: a ranking with NaN has no meaning")
        peak_array = peak.T.cpu().numpy()
        places = place.T.cpu().numpy().astype(np.int32)
        image = np.broadcast_to(rows.astype(np.int32), peak_array.shape)
        self.winners = self.winners.merge(Winners(peak_array, image, places // width, places % width))
        sums = maps.sum(dim=2).double().cpu().numpy()
        self.total.add(sums)
        self.positive += torch.count_nonzero(maps > 0, dim=(0, 2)).cpu().numpy()
        self.low = np.minimum(self.low, maps.amin(dim=(0, 2)).cpu().numpy())
        self.counts += quantiles.count(maps)
        self.values += maps.shape[0] * maps.shape[2]
        known = labels >= 0
        self.class_total.add_at(labels[known], sums[known] / maps.shape[2])
        self.class_peak.add_at(labels[known], peak_array.T[known].astype(np.float64))
        np.add.at(self.class_images, labels[known], 1)

    def merge(self, other: "Tally") -> None:
        """Take in what another tally counted over other images."""
        self.winners = self.winners.merge(other.winners)
        self.low = np.minimum(self.low, other.low)
        for name in SUMS:
            getattr(self, name).merge(getattr(other, name))
        for name in COUNTS:
            getattr(self, name).__iadd__(getattr(other, name))

    def state(self) -> dict[str, np.ndarray]:
        """Everything counted so far, by name, to be stored."""
        winners = dict(zip(("value", "image", "y", "x"), self.winners.arrays(), strict=True))
        sums = {f"{name}.{part}": getattr(getattr(self, name), part) for name in SUMS for part in PARTS}
        return winners | sums | {name: getattr(self, name) for name in (*COUNTS, "low")}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what ``state`` gave."""
        self.winners = Winners(*(state[name] for name in ("value", "image", "y", "x")))
        for name in SUMS:
            for part in PARTS:
                setattr(getattr(self, name), part, state[f"{name}.{part}"])
        for name in (*COUNTS, "low"):
            setattr(self, name, state[name])

    def numbers(self) -> dict[str, np.ndarray]:
        """Everything the atlas keeps of a layer, but its geometry and pictures."""
        maximum = self.winners.value[:, 0]
        seen = np.where(self.class_images > 0, self.class_images, np.nan)
        values = max(int(self.values[0]), 1)
        histogram, edges = quantiles.linear(self.counts, self.low, maximum, HISTOGRAM_BINS)
        return {
            "value": self.winners.value, "image": self.winners.image, "y": self.winners.y, "x": self.winners.x,
            "mean": self.total.value() / values,
            "maximum": maximum,
            "p999": quantiles.quantile(self.counts, 0.999, maximum),
            "positive": self.positive / values,
            "class_mean": self.class_total.value().T / seen,
            "class_peak": self.class_peak.value().T / seen,
            "histogram": histogram, "histogram_edges": edges,
        }  # fmt: skip
