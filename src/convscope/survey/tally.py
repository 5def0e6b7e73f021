"""What is counted of one layer: strongest places and running sums, mergeable in any order."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convscope.errors import BadModel
from convscope.survey import quantiles
from convscope.survey.exact import ExactSum
from convscope.survey.sample import sample

HISTOGRAM_BINS = 64
CACHE = 2 << 20  # bytes that a core can read again without going to memory
SUMS = ("whole", "parts", "endless")
COUNTS = ("positive", "counts", "class_images")
SAMPLED = ("peaks", "places")


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
        order = np.argsort(sort_key(columns[0], columns[1]), axis=1)[:, :k]
        return Winners(*(np.take_along_axis(column, order, axis=1) for column in columns))

    def beaten(self, value: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Which of the peaks ``[N, C]`` of images ``rows`` are stronger than their channel's weakest winner."""
        weakest = self.value[:, -1]
        last = np.where(self.image[:, -1] < 0, np.iinfo(np.int32).max, self.image[:, -1])
        return (value > weakest) | ((value == weakest) & (rows[:, None] < last))

    def enter(
        self, image: np.ndarray, channel: np.ndarray, value: np.ndarray, y: np.ndarray, x: np.ndarray
    ) -> None:
        """Let candidates in, each array ``[n]`` and sorted by channel; only their channels are looked at."""
        there, first, many = np.unique(channel, return_index=True, return_counts=True)
        new = Winners.none(len(there), many.max(initial=0))
        slots = np.repeat(np.arange(len(there)), many), np.arange(len(channel)) - np.repeat(first, many)
        for array, found in zip(new.arrays(), (value, image, y, x), strict=True):
            array[slots] = found
        merged = Winners(*(array[there] for array in self.arrays())).merge(new)
        for array, found in zip(self.arrays(), merged.arrays(), strict=True):
            array[there] = found

    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.value, self.image, self.y, self.x


def sort_key(value: np.ndarray, image: np.ndarray) -> np.ndarray:
    """int64 that sort as winners do: one number, since sorting by two takes four times as long."""
    bits = (value + 0.0).view(np.int32).astype(np.int64)  # minus zero is zero
    rising = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)  # the bits of a float sort as sign and magnitude
    # an empty place (-inf, -1) comes after a true value of minus infinity
    return (-rising << 32) + image.astype(np.uint32)


@dataclass
class Tally:
    """Running numbers of one layer over the images seen so far.

    All of it is whole numbers, maxima and minima: merging is associative and commutative to the bit.
    ``class_sums`` are of means, of peaks and of their squares, with one class more for images without a label.
    Histogram, lower end and share above zero are of ``positions`` values a map. ``peaks`` and ``places`` are
    of the images in ``sample`` (rows, ascending), zero while an image has not been seen.
    """

    channels: int
    classes: int
    k: int
    positions: int
    sample: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    winners: Winners = field(init=False)
    positive: np.ndarray = field(init=False)
    counts: np.ndarray = field(init=False)
    low: np.ndarray = field(init=False)
    class_sums: ExactSum = field(init=False)
    class_images: np.ndarray = field(init=False)
    peaks: np.ndarray = field(init=False)
    places: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.winners = Winners.none(self.channels, self.k)
        self.positive = np.zeros(self.channels, dtype=np.int64)
        self.counts = np.zeros((self.channels, quantiles.BINS), dtype=np.int64)
        self.low = np.full(self.channels, np.inf, dtype=np.float32)
        self.class_sums = ExactSum((self.classes + 1, 3, self.channels))
        self.class_images = np.zeros(self.classes + 1, dtype=np.int64)
        self.peaks = np.zeros((len(self.sample), self.channels), dtype=np.float32)
        self.places = np.zeros((len(self.sample), self.channels), dtype=np.int32)

    def add(self, output: Tensor, rows: np.ndarray, labels: np.ndarray, layer: str) -> None:
        """Count one batch ``[N, C]`` or ``[N, C, H, W]`` of the images in ``rows``; raises BadModel on NaN."""
        maps = output if output.dim() == 4 else output[:, :, None, None]
        # no copy where the network itself computes so; then each of these reads memory once, in order
        maps = maps.float().contiguous(memory_format=torch.channels_last)
        peak, place, total = reduced(maps)
        _refuse_nan(peak, rows, layer)
        self._rank(peak, place, rows, maps.shape[3])
        means = total.astype(np.float64) / (maps.shape[2] * maps.shape[3])
        unlabelled_last = labels % (self.classes + 1)
        strong = peak.astype(np.float64)
        self.class_sums.add(unlabelled_last, np.stack([means, strong, strong**2], axis=1))
        self.class_images += np.bincount(unlabelled_last, minlength=self.classes + 1)
        self._keep(peak, place, rows)
        self._draw(sample(maps, self.positions, rows).cpu())

    def _keep(self, peak: np.ndarray, place: np.ndarray, rows: np.ndarray) -> None:
        _, here, batch = np.intersect1d(self.sample, rows, assume_unique=True, return_indices=True)
        self.peaks[here] = peak[batch] + 0.0  # minus zero would become zero when parts are added
        self.places[here] = place[batch]

    def _rank(self, peak: np.ndarray, place: np.ndarray, rows: np.ndarray, width: int) -> None:
        channel, batch = self.winners.beaten(peak, rows).T.nonzero()
        if len(channel):
            found = place[batch, channel]
            self.winners.enter(rows[batch], channel, peak[batch, channel], found // width, found % width)

    def _draw(self, values: Tensor) -> None:
        self.positive += (values > 0).sum(dim=0).numpy()
        self.low = np.minimum(self.low, values.amin(dim=0).numpy())
        quantiles.count(values, self.counts)

    def merge(self, other: "Tally") -> None:
        """Take in what another tally counted over other images."""
        self.winners = self.winners.merge(other.winners)
        self.low = np.minimum(self.low, other.low)
        self.class_sums.merge(other.class_sums)
        for name in (*COUNTS, *SAMPLED):  # an image is in one part only: in all others its peak is zero
            getattr(self, name).__iadd__(getattr(other, name))

    def state(self) -> dict[str, np.ndarray]:
        """Everything counted so far, by name, to be stored."""
        winners = dict(zip(("value", "image", "y", "x"), self.winners.arrays(), strict=True))
        sums = {name: getattr(self.class_sums, name) for name in SUMS}
        return winners | sums | {name: getattr(self, name) for name in (*COUNTS, *SAMPLED, "low")}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what ``state`` gave."""
        self.winners = Winners(*(state[name] for name in ("value", "image", "y", "x")))
        for name in SUMS:
            setattr(self.class_sums, name, state[name])
        for name in (*COUNTS, *SAMPLED, "low"):
            setattr(self, name, state[name])

    def numbers(self) -> dict[str, np.ndarray]:
        """Everything the atlas keeps of a layer, but its geometry and pictures."""
        maximum = self.winners.value[:, 0]
        images = np.where(self.class_images > 0, self.class_images, np.nan)[:-1]
        class_mean, class_peak, squares = self.class_sums.value()[:-1].swapaxes(0, 1)
        drawn = np.maximum(self.counts.sum(axis=1), 1)
        histogram, edges = quantiles.linear(self.counts, self.low, maximum, HISTOGRAM_BINS)
        return {
            "value": self.winners.value, "image": self.winners.image, "y": self.winners.y, "x": self.winners.x,
            "mean": self.class_sums.over_places()[0] / max(self.class_images.sum(), 1),
            "maximum": maximum,
            "p999": quantiles.quantile(self.counts, 0.999, maximum),
            "positive": self.positive / drawn,
            "class_mean": class_mean.T / images,
            "class_peak": class_peak.T / images,
            "class_spread": spread(images, class_peak.T, squares.T),
            "histogram": histogram, "histogram_edges": edges,
        }  # fmt: skip


def spread(count: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Standard deviation of samples from their count, sum and sum of squares; NaN of fewer than two."""
    several = np.where(count > 1, count, np.nan)
    with np.errstate(invalid="ignore"):  # infinite activations have no spread
        return np.sqrt(np.maximum(squares - total**2 / several, 0) / (several - 1))


def reduced(maps: Tensor) -> tuple[np.ndarray, ...]:
    """Of every map ``[N, C, H, W]`` the maximum, its first position in row-major order and the sum, each ``[N, C]``.

    NaN is a maximum wherever it occurs.
    """
    # a few images at a time, so that the sum finds in the cache what the maximum has read
    some = [maps] if maps.is_cuda else maps.split(max(1, CACHE // (4 * maps[0].numel())))
    parts = [(*_peaks(part), part.sum(dim=(2, 3))) for part in some]
    return tuple(torch.cat(found).flatten(1).cpu().numpy() for found in zip(*parts, strict=True))


def _peaks(maps: Tensor) -> tuple[Tensor, Tensor]:
    if maps.is_cuda:  # where pooling would give a whole map to one thread
        peak, place = maps.flatten(2).max(dim=2)
        return peak, place
    # value and place in one pass, at a sixth of the time of max
    return functional.max_pool2d_with_indices(maps, maps.shape[2:])


def _refuse_nan(peak: np.ndarray, rows: np.ndarray, layer: str) -> None:
    broken = np.isnan(peak).any(axis=1)
    if broken.any():
        row = int(rows[broken.argmax()])
        raise BadModel(f"layer {layer} is NaN for image row {row}: a ranking with NaN has no meaning")
