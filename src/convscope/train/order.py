"""Chance that can be asked again: every number is a function of (seed, epoch, sample)."""

import numpy as np


def order(seed: int, epoch: int, samples: int) -> np.ndarray:
    """The order in which an epoch visits its samples, int64 ``[samples]``.

    >>> order(0, 1, 4).tolist() == order(0, 1, 4).tolist()
    True
    """
    return generator(seed, epoch, stream=0).permutation(samples)


def draws(seed: int, epoch: int, samples: int, count: int) -> np.ndarray:
    """``count`` numbers in [0, 1) per sample, float32 ``[samples, count]``.

    Row i is the same for any number of samples above i.
    """
    return generator(seed, epoch, stream=1).random((samples, count), dtype=np.float32)


def balanced(seed: int, epoch: int, labels: np.ndarray) -> np.ndarray:
    """As many samples as there are, every class equally often and its samples in turn, int64 ``[samples]``.

    >>> [int(i) for i in sorted(balanced(0, 0, np.array([0, 0, 0, 1])))][2:]
    [3, 3]
    """
    classes = np.unique(labels)
    chance = generator(seed, epoch, stream=2)
    shares = np.full(len(classes), len(labels) // len(classes))
    shares[chance.permutation(len(classes))[: len(labels) % len(classes)]] += 1
    parts = [
        _in_turn(chance, np.flatnonzero(labels == one), count)
        for one, count in zip(classes, shares, strict=True)
    ]
    return np.concatenate(parts)


def _in_turn(chance: np.random.Generator, rows: np.ndarray, count: int) -> np.ndarray:
    rounds = -(-count // len(rows))
    return np.concatenate([chance.permutation(rows) for _ in range(rounds)])[:count]


def generator(seed: int, epoch: int, stream: int) -> np.random.Generator:
    """Chance of its own for each purpose (``stream``) of an epoch."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence((seed, epoch, stream))))
