"""Chance that can be asked again: every number is a function of (seed, epoch, sample)."""

import numpy as np


def order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order in which an epoch visits its samples, int64 ``[samples]``.

    >>> order(0, 1, 4).tolist() == order(0, 1, 4).tolist()
    True
    """
    return _generator(seed, epoch, stream=0).permutation(samples)


def draws(seed: int, epoch: int, samples: int, count: int) -> np.ndarray:
    """``count`` numbers in [0, 1) per sample, float32 ``[samples, count]``.

    Row i is the same for any number of samples above i.
    """
    return _generator(seed, epoch, stream=1).random((samples, count), dtype=np.float32)


def _generator(seed: int, epoch: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, stream))))
