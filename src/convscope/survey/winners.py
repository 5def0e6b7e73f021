"""The strongest activations of every channel, and how more are let in."""

from dataclasses import dataclass

import numpy as np


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
        columns = [np.concatenate(pair, axis=1) for pair in zip(self.arrays(), other.arrays(), strict=True)]
        rows, entries = columns[0].shape
        order = np.argsort(sort_key(columns[0], columns[1]), axis=1)[:, : self.value.shape[1]]
        order += np.arange(rows)[:, None] * entries
        return Winners(*(column.reshape(-1).take(order) for column in columns))

    def beaten(self, value: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which of the peaks ``[N, C]`` of images ``rows`` beat their channel's weakest winner: (image, channel)."""
        weakest, last = self.value[:, -1].copy(), self.image[:, -1].copy()  # read again for every image
        # of equal values the lower row wins: where all images are later none of them gets in, as of many zeros
        later = last.min() >= 0 and rows.min() > last.max()
        # of one dimension in a tenth of the time of nonzero in two
        found = np.flatnonzero(value > weakest if later else value >= weakest)
        batch, channel = np.divmod(found, len(weakest))
        if later:
            return batch, channel
        better = (
            (value[batch, channel] > weakest[channel]) | (rows[batch] < last[channel]) | (last[channel] < 0)
        )
        return batch[better], channel[better]

    def enter(self, channel: np.ndarray, found: "Winners") -> None:
        """Let in what was ``found``, each array ``[n]``, in these channels; only they are looked at."""
        order = np.argsort(channel, kind="stable")
        channel = channel[order]
        fresh = np.ones(len(channel), dtype=bool)
        np.not_equal(channel[1:], channel[:-1], out=fresh[1:])
        first, which = np.flatnonzero(fresh), fresh.cumsum() - 1
        there, slot = channel[first], np.arange(len(channel)) - first[which]
        new = Winners.none(len(there), slot.max(initial=-1) + 1)
        for array, entries in zip(new.arrays(), found.arrays(), strict=True):
            array[which, slot] = entries[order]
        merged = Winners(*(array[there] for array in self.arrays())).merge(new)
        for array, entries in zip(self.arrays(), merged.arrays(), strict=True):
            array[there] = entries

    def arrays(self) -> tuple[np.ndarray, ...]:
        return self.value, self.image, self.y, self.x


def sort_key(value: np.ndarray, image: np.ndarray) -> np.ndarray:
    """int64 that sort as winners do: one number, since sorting by two takes four times as long."""
    bits = (value + 0.0).view(np.int32).astype(np.int64)  # minus zero is zero
    rising = np.where(bits < 0, bits ^ 0x7FFFFFFF, bits)  # the bits of a float sort as sign and magnitude
    # an empty place (-inf, -1) comes after a true value of minus infinity
    return (-rising << 32) + image.astype(np.uint32)
