"""Which channels answer to the same images."""

import numpy as np

BLOCK = 512  # channels at a time, so that memory does not grow with the square of their number


def standardised(peaks: np.ndarray) -> np.ndarray:
    """Peaks ``[C, S]`` of every channel with mean zero and length one; all zero where they are all the same.

    The product of two of them is Pearson's correlation of the channels over the images.
    """
    centred = peaks.astype(np.float64) - peaks.mean(axis=1, keepdims=True, dtype=np.float64)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    flat = length <= 1e-12 * np.abs(peaks).max(axis=1, keepdims=True, initial=0) * peaks.shape[1] ** 0.5
    return np.where(flat, 0, centred / np.where(flat, 1, length)).astype(np.float32)


def nearest_of_each(peaks: np.ndarray, count: int) -> np.ndarray:
    """The other channels most like each of peaks ``[C, S]``, most similar first, ``[C, count]``.

    -1 where no more are correlated above zero.
    """
    every = standardised(peaks)
    found = np.full((len(peaks), count), -1)
    for start in range(0, len(peaks), BLOCK):
        similarity = every[start : start + BLOCK] @ every.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -1
        for turn in range(min(count, len(peaks) - 1)):
            best = similarity.argmax(axis=1)  # of equal ones the lower
            found[start + rows, turn] = np.where(similarity[rows, best] > 0, best, -1)
            similarity[rows, best] = -1
    return found


def nearest(one: np.ndarray, others: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the ``count`` rows of ``others`` most like ``one``, and their correlations; of equal ones the lower."""
    similarity = np.clip(others @ one, -1, 1)
    order = np.argsort(-similarity, kind="stable")[:count]
    return order, similarity[order]
