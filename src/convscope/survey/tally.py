"""What is counted of one layer: strongest places and running sums, mergeable in any order."""

from dataclasses import dataclass, field
from threading import Lock

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convscope.errors import BadModel
from convscope.survey import quantiles
from convscope.survey.exact import ExactSum
from convscope.survey.sample import sample
from convscope.survey.winners import Winners

HISTOGRAM_BINS = 64
CACHE = 1 << 20  # bytes that a core can read again without going to memory
SUMS = ("whole", "parts", "endless")
COUNTS = ("positive", "counts", "class_images")
SAMPLED = ("peaks", "places")
KEPT = ("positive", "class_images", *SAMPLED, "low")  # as they are


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
    positive: np.ndarray = field(init=False)
    low: np.ndarray = field(init=False)
    class_sums: ExactSum = field(init=False)
    class_images: np.ndarray = field(init=False)
    peaks: np.ndarray = field(init=False)
    places: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self._one_at_a_time = Lock()
        self._winners = Winners.none(self.channels, self.k)
        self._waiting: list[tuple[np.ndarray, Winners]] = []
        self.positive = np.zeros(self.channels, dtype=np.int64)
        # enough for 2^31 values of a channel, at half the memory of whole words
        self._counts = np.zeros((self.channels, quantiles.BINS), dtype=np.int32)
        self._drawn: list[np.ndarray] = []
        self.low = np.full(self.channels, np.inf, dtype=np.float32)
        self.class_sums = ExactSum((self.classes + 1, 3, self.channels))
        self.class_images = np.zeros(self.classes + 1, dtype=np.int64)
        self.peaks = np.zeros((len(self.sample), self.channels), dtype=np.float32)
        self.places = np.zeros((len(self.sample), self.channels), dtype=np.int32)

    def add(self, output: Tensor, rows: np.ndarray, labels: np.ndarray, layer: str) -> None:
        """Count one batch ``[N, C]`` or ``[N, C, H, W]`` of the images in ``rows``, from any thread; raises BadModel on NaN."""
        maps = output if output.dim() == 4 else output[:, :, None, None]
        # no copy where the network itself computes so; then each of these reads memory once, in order
        maps = maps.float().contiguous(memory_format=torch.channels_last)
        peak, place, total = reduced(maps)
        _refuse_nan(peak, rows, layer)
        unlabelled_last = labels % (self.classes + 1)
        terms = np.empty((len(rows), 3, self.channels))
        np.divide(total, maps.shape[2] * maps.shape[3], out=terms[:, 0], dtype=np.float64)
        terms[:, 1] = peak
        np.square(terms[:, 1], out=terms[:, 2])
        values = sample(maps, self.positions, rows).cpu()
        with self._one_at_a_time:
            self._rank(peak, place, rows, maps.shape[3])
            self.class_sums.add(unlabelled_last, terms)
            self.class_images += np.bincount(unlabelled_last, minlength=self.classes + 1)
            self._keep(peak, place, rows)
            self._draw(values)

    def _keep(self, peak: np.ndarray, place: np.ndarray, rows: np.ndarray) -> None:
        here = np.searchsorted(self.sample, rows)
        batch = np.flatnonzero(np.append(self.sample, -1)[here] == rows)
        here = here[batch]
        self.peaks[here] = peak[batch] + 0.0  # minus zero would become zero when parts are added
        self.places[here] = place[batch]

    def _rank(self, peak: np.ndarray, place: np.ndarray, rows: np.ndarray, width: int) -> None:
        batch, channel = self._winners.beaten(peak, rows)
        if len(channel):
            y, x = np.divmod(place[batch, channel], width)
            self._waiting.append((channel, Winners(peak[batch, channel], rows[batch], y, x)))
        # letting in looks at whole channels: seldom, since late in a survey hardly any image enters
        if sum(len(channel) for channel, _ in self._waiting) >= self.channels:
            self._let_in()

    def _let_in(self) -> None:
        channels, found = zip(*self._waiting, strict=True)
        columns = zip(*(each.arrays() for each in found), strict=True)
        self._winners.enter(np.concatenate(channels), Winners(*map(np.concatenate, columns)))
        self._waiting = []

    @property
    def winners(self) -> Winners:
        """The strongest of all that was added."""
        if self._waiting:
            self._let_in()
        return self._winners

    def _draw(self, values: Tensor) -> None:
        self.positive += np.count_nonzero(values.numpy() > 0, axis=0)
        self.low = np.minimum(self.low, values.amin(dim=0).numpy())
        self._drawn.append(quantiles.upper_bits(values))
        # the bins of many channels are too many to stay in the cache: seldom, each channel with many values
        if sum(map(len, self._drawn)) >= 2 * quantiles.BINS:
            self._sort_in()

    def _sort_in(self) -> None:
        quantiles.count(np.concatenate(self._drawn), self._counts)
        self._drawn = []

    @property
    def counts(self) -> np.ndarray:
        """How many of the values drawn lie in which bin, ``[C, BINS]``."""
        if self._drawn:
            self._sort_in()
        return self._counts

    def merge(self, other: "Tally") -> None:
        """Take in what another tally counted over other images."""
        self._winners = self.winners.merge(other.winners)
        self.low = np.minimum(self.low, other.low)
        self.class_sums.merge(other.class_sums)
        for name in (*COUNTS, *SAMPLED):  # an image is in one part only: in all others its peak is zero
            getattr(self, name).__iadd__(getattr(other, name))

    def state(self) -> dict[str, np.ndarray]:
        """Everything counted so far, by name, to be stored."""
        winners = dict(zip(("value", "image", "y", "x"), self.winners.arrays(), strict=True))
        sums = {name: getattr(self.class_sums, name) for name in SUMS}
        bins = np.flatnonzero(self.counts.any(axis=0))  # few of all, of few values each
        counts = self.counts[:, bins].astype(np.min_scalar_type(self.counts.max()))
        kept = {name: getattr(self, name) for name in KEPT}
        return winners | sums | kept | {"bins": bins.astype(np.int32), "counts": counts}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Go on from what ``state`` gave."""
        self._waiting = []
        self._winners = Winners(*(state[name] for name in ("value", "image", "y", "x")))
        for name in SUMS:
            setattr(self.class_sums, name, state[name])
        self._drawn = []
        self._counts[:] = 0
        self._counts[:, state["bins"]] = state["counts"]
        for name in KEPT:
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
    if maps.shape[2:] == (1, 1):
        values = maps.flatten(1).cpu().numpy()
        return values, np.zeros(values.shape, dtype=np.int64), values
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
    if np.isnan(peak.max()):
        row = int(rows[np.isnan(peak).any(axis=1).argmax()])
        raise BadModel(f"layer {layer} is NaN for image row {row}: a ranking with NaN has no meaning")
