"""A sample of images, ranked by a channel's strongest activation: what the middle looks like, not only the top."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from convscope.atlas.layout import QUANTILE_EXAMPLES

QUANTILES = (0.5, 0.9, 0.99)
ENOUGH = 512  # images; so few that their peaks fit in memory for any network


def sampled_rows(ids: Sequence[str], seed: int) -> np.ndarray:
    """Rows of all images, or of the ``ENOUGH`` whose hash of seed and id is lowest, ascending, ``[S]``.

    It depends on nothing but ids and seed, and an image stays in the sample when the set grows.

    >>> sampled_rows(["a", "b"], 0)
    array([0, 1])
    """
    if len(ids) <= ENOUGH:
        return np.arange(len(ids))
    lots = [
        blake2b(f"{seed} {name}".encode("utf-8", "surrogateescape"), digest_size=8).digest() for name in ids
    ]
    return np.sort(sorted(range(len(ids)), key=lots.__getitem__)[:ENOUGH])


def at_quantiles(
    rows: np.ndarray, peaks: np.ndarray, places: np.ndarray, width: int
) -> dict[str, np.ndarray]:
    """The images next to each quantile of every channel's peaks: value, image, y and x, ``[C, Q, examples]``.

    ``peaks`` and ``places`` (row-major) are ``[S, C]`` of images ``rows`` ``[S]``. Of equal peaks the lower row
    ranks first; the quantile q of n images is the one of rank ceil(q n). Where there are fewer images than
    examples the last places are empty: minus infinity, and -1.
    """
    order = np.argsort(peaks, axis=0, kind="stable")
    ranks = quantile_ranks(len(rows))
    chosen = order[ranks.ravel()]
    found = {
        "value": np.take_along_axis(peaks, chosen, axis=0),
        "image": rows[chosen],
        "y": np.take_along_axis(places, chosen, axis=0) // width,
        "x": np.take_along_axis(places, chosen, axis=0) % width,
    }
    return {f"quantile_{name}": _with_gaps(array.T, *ranks.shape) for name, array in found.items()}


def quantile_ranks(count: int) -> np.ndarray:
    """Ranks from 0 of the examples of every quantile among ``count`` images, ``[Q, examples or fewer]``.

    >>> quantile_ranks(100).tolist()
    [[48, 49, 50], [88, 89, 90], [97, 98, 99]]
    """
    examples = min(count, QUANTILE_EXAMPLES)
    middle = np.ceil(np.round(np.array(QUANTILES) * count, 9)).astype(np.int64) - 1
    first = np.clip(middle - examples // 2, 0, count - examples)
    return first[:, None] + np.arange(examples)


def _with_gaps(found: np.ndarray, quantiles: int, examples: int) -> np.ndarray:
    """``[C, quantiles * examples]`` as ``[C, quantiles, QUANTILE_EXAMPLES]``."""
    empty = -np.inf if found.dtype.kind == "f" else -1
    gaps = ((0, 0), (0, 0), (0, QUANTILE_EXAMPLES - examples))
    return np.pad(found.reshape(len(found), quantiles, examples), gaps, constant_values=empty)
