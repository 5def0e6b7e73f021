"""How much a channel prefers one class, and how sure that is."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

Z = 1.96  # standard errors on either side of a 95 % interval


def selectivity(peak: np.ndarray, spread: np.ndarray, images: np.ndarray) -> Mapping[str, np.ndarray]:
    """The best class of every channel and its index (b - r) / (b + r), with a 95 % interval.

    ``peak`` and ``spread`` ``[C, K]`` are mean and standard deviation of the map's maximum over each class's
    ``images`` ``[K]``. b is the best class's mean peak and r the mean of all other classes' mean peaks, each at
    least zero: 1 where no other class drives the channel, 0 where all do alike (Morcos et al. 2018, arXiv
    1803.06959, section 3.3). The interval is the index ± 1.96 standard errors by the delta method, within 0 and 1;
    of few images it is too narrow, since the best class was chosen by the same images.
    Columns ``[C]``: ``best`` (index of the class, -1 where there is none, or all do alike), ``index``, ``low``, ``high``, NaN where
    no class mean is above zero, there are fewer than two classes or, the interval, a class has fewer than two images.
    """
    if not peak.shape[1]:
        nothing = np.full(len(peak), np.nan)
        return MappingProxyType(
            {"best": np.full(len(peak), -1)} | dict.fromkeys(("index", "low", "high"), nothing)
        )
    means = np.maximum(peak.astype(np.float64), 0)
    seen = np.isfinite(means)
    best = np.where(seen, means, -1).argmax(axis=1)
    others = seen & (np.arange(means.shape[1]) != best[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        error = spread.astype(np.float64) ** 2 / np.maximum(images, 1)
        count = others.sum(axis=1)
        b, b_error = (np.take_along_axis(array, best[:, None], axis=1)[:, 0] for array in (means, error))
        r = np.where(others, means, 0).sum(axis=1) / count
        r_error = np.where(others, error, 0).sum(axis=1) / count**2
        index = (b - r) / (b + r)
        half = Z * 2 * np.sqrt(r**2 * b_error + b**2 * r_error) / (b + r) ** 2
    some = np.isfinite(index) & (np.where(seen, means, np.inf).min(axis=1) < b)
    return MappingProxyType({
        "best": np.where(some, best, -1),
        "index": index,
        "low": np.clip(index - half, 0, 1),
        "high": np.clip(index + half, 0, 1),
    })  # fmt: skip
