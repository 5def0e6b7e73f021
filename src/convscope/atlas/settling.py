"""How soon a layer became what it ended as, read off the epochs that ``convscope evolve`` looked at."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

ENOUGH = 0.9  # mean correlation from which on a layer counts as settled


@dataclass(frozen=True)
class Settling:
    """One layer over ``epochs``: how alike its channels answer to how they do at the last one.

    ``alike`` is the mean over the living channels of the correlation of their strongest answers, ``same`` the share
    of them whose strongest image is already that of the end; ``since`` is the epoch from which on ``alike`` stays
    at 0.9 or above.
    """

    epochs: tuple[int, ...]
    channels: int
    alike: tuple[float, ...]
    same: tuple[float, ...]
    since: int

    @property
    def starting(self) -> str:
        """``since`` in words; at the end every layer is like itself."""
        return "the last epoch" if self.since == self.epochs[-1] else f"epoch {self.since}"


def settling(kept: Mapping[str, np.ndarray]) -> Settling | None:
    """What the arrays of ``Atlas.evolution`` say of their layer; None where it was not kept, or all channels end dead.

    >>> settling(atlas.evolution("conv1")).since  # doctest: +SKIP
    5
    """
    if "alike" not in kept:
        return None
    living = ~np.isnan(kept["alike"]).any(axis=1)
    if not living.any():
        return None
    alike, same = (kept[name][living].mean(axis=0, dtype=np.float64) for name in ("alike", "same"))
    last_low = np.flatnonzero(alike[:-1] < ENOUGH).max(initial=-1)  # the end is like itself
    epochs = tuple(kept["epoch"].tolist())
    return Settling(
        epochs, int(living.sum()), tuple(alike.tolist()), tuple(same.tolist()), epochs[last_low + 1]
    )
