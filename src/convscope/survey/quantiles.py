"""Quantiles of a stream: counts in fixed logarithmic bins, so that merging is adding.

A float32 already is a logarithm and a mantissa: its upper bits are the bin. 16 bins an octave from
2^-16 to 2^16, mirrored for negative values, one bin for what is closer to zero.
"""

import numpy as np
from torch import Tensor

MANTISSA_BITS = 4
OCTAVES = (-16, 16)
SIDE = (OCTAVES[1] - OCTAVES[0]) << MANTISSA_BITS  # bins on one side of zero
BINS = 2 * SIDE + 1
SHIFT = 23 - MANTISSA_BITS
ACROSS = 64  # channels whose values are turned together
FIRST = (127 + OCTAVES[0]) << MANTISSA_BITS


def upper_bits(values: Tensor) -> np.ndarray:
    """What decides the bins of float32 ``values`` ``[n, C]``: sign, exponent and first bits of the mantissa, uint16."""
    return (values.numpy().view(np.uint32) >> SHIFT).astype(np.uint16)


def count(upper: np.ndarray, counts: np.ndarray) -> None:
    """Add values by their ``upper_bits`` ``[n, C]`` to the ``counts`` ``[C, BINS]``."""
    if 2 * len(upper) >= BINS:  # counting anew and adding is cheaper where adding is the less
        for start in range(0, len(counts), ACROSS):
            # some channels, then each of them: turned in one go, every value would be another line of the cache
            some = np.ascontiguousarray(upper[:, start : start + ACROSS])
            for ours, of_channel in zip(
                counts[start : start + ACROSS], np.ascontiguousarray(some.T), strict=True
            ):
                ours += np.bincount(BIN_OF.take(of_channel), minlength=BINS).astype(ours.dtype)
        return
    places = BIN_OF.take(np.ascontiguousarray(upper.T))
    places += (np.arange(len(counts)) * BINS)[:, None]
    np.add.at(counts.reshape(-1), places.reshape(-1), 1)


def _bin_of_upper_bits() -> np.ndarray:
    """The bin of every float32 by its sign, exponent and first bits of the mantissa."""
    sign, size = np.divmod(np.arange(1 << (32 - SHIFT)), 1 << (31 - SHIFT))
    distance = np.clip(size - (FIRST - 1), 0, SIDE)
    return SIDE + np.where(sign, -distance, distance)


BIN_OF = _bin_of_upper_bits()


def edges() -> np.ndarray:
    """The lower edge of every bin, and the upper edge of the last, ``[BINS + 1]``."""
    bits = ((np.arange(SIDE + 1) + FIRST) << SHIFT).astype(np.int32)
    positive = bits.view(np.float32).astype(np.float64)
    return np.concatenate([-positive[::-1], positive])


def quantile(counts: np.ndarray, share: float, top: np.ndarray) -> np.ndarray:
    """The value below which ``share`` of each channel's values lie, ``[C]``, never above its maximum ``top``."""
    total = counts.sum(axis=1)
    wanted = np.maximum(np.ceil(share * total), 1)
    below = counts.cumsum(axis=1)
    bin_ = (below >= wanted[:, None]).argmax(axis=1)
    rows = np.arange(len(counts))
    before = below[rows, bin_] - counts[rows, bin_]
    within = (wanted - before) / np.maximum(counts[rows, bin_], 1)
    low, high = edges()[bin_], edges()[bin_ + 1]
    value = np.where(bin_ == SIDE, 0.0, low + within * (high - low))
    return np.where(total > 0, np.minimum(value, top), np.nan)


def linear(counts: np.ndarray, low: np.ndarray, high: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray]:
    """The same counts in ``bins`` equal steps from ``low`` to ``high`` of each channel, for drawing.

    A logarithmic bin that reaches over several steps is spread evenly over them.
    """
    span = np.maximum(high - low, 1e-30)
    steps = low[:, None] + span[:, None] * np.linspace(0, 1, bins + 1)
    below = np.concatenate([np.zeros((len(counts), 1), dtype=np.int64), counts.cumsum(axis=1)], axis=1)
    rows, bounds = np.arange(len(counts))[:, None], edges()
    bin_ = np.clip(np.searchsorted(bounds, steps, side="right") - 1, 0, BINS - 1)
    within = np.clip((steps - bounds[bin_]) / (bounds[bin_ + 1] - bounds[bin_]), 0, 1)
    drawn = below[rows, bin_] + within * counts[rows, bin_]
    drawn[:, 0], drawn[:, -1] = 0, below[:, -1]
    return np.diff(np.rint(drawn).astype(np.int64), axis=1), steps.astype(np.float32)
