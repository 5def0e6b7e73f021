"""Integrated gradients: the gradient along the straight way from a baseline to the image."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from convscope.errors import BadSpec
from convscope.lenses.look import aim, as_map, limits_of, picture_of, validity_of
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit

AT_ONCE = 16  # steps in a pass
TOLERATED = 0.05  # the gap, as a share of the change, up to which the sum is called complete


@dataclass(frozen=True)
class IntegratedGradients:
    """The mean gradient between ``baseline`` and image, times their difference (Sundararajan, Taly & Yan 2017, arXiv 1703.01365).

    ``baseline`` is black, grey, white, mean, blur or a brightness from 0 to 1. The values add up to the
    activation here less that of the baseline; how far they miss it is measured and stated.

    >>> cs.look(model, photo, "conv3:5", cs.IntegratedGradients(baseline="blur"))  # doctest: +SKIP
    """

    baseline: str | float = "black"
    steps: int = 32
    rule: str = "midpoint"

    name: ClassVar[str] = "integrated-gradients"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "share of the change of activation from the baseline"
    shares: ClassVar[bool] = True
    does_not_show: ClassVar[str] = (
        "It says nothing of what looks like the baseline, and a different baseline gives a different map."
    )

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadSpec(f"steps {self.steps}: choose 1 or more")
        if self.rule not in ("midpoint", "gauss"):
            raise BadSpec(f"rule {self.rule!r}: choose midpoint or gauss (Gauss-Legendre)")

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where no gradient reaches the pixels."""
        import torch

        from convscope.model.filling import filling

        target = aim(model, unit, image)
        start = filling(model, target.pixels, self.baseline)
        way = target.pixels - start
        places, weights = self.nodes()
        total = torch.zeros_like(way)
        for some, share in zip(pieces(places), pieces(weights), strict=True):
            points = start + torch.tensor(some).to(way).view(-1, 1, 1, 1) * way
            seen = target.gradients(points)
            total += (seen.signal.cpu() * torch.tensor(share).to(way).view(-1, 1, 1, 1)).sum(0)
        array = as_map(total * way)
        base = target.gradients(start[None])
        change = target.value - float(base.values[0])
        limits = limits_of(target, base.descent, "integrated gradients")
        return picture_of(target, array, self.units, *self._say(array, change, limits))

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Where between baseline (0) and image (1) the gradient is taken, and each place's weight."""
        if self.rule == "gauss":
            places, weights = np.polynomial.legendre.leggauss(self.steps)
            return (places + 1) / 2, weights / 2
        return (np.arange(self.steps) + 0.5) / self.steps, np.full(self.steps, 1 / self.steps)

    def _say(self, array: np.ndarray, change: float, limits: dict[str, str]) -> tuple[str, Any]:
        total = float(array.sum(dtype=np.float64))
        gap = f"completeness gap {total - change:+.3g} of a change of {change:.4g}"
        if abs(total - change) > TOLERATED * abs(change):
            limits["partial"] = "the sum misses the change by more than 5 %: take more steps"
        how = f"integrated gradients, {self.steps} steps ({self.rule}) from {self.baseline}"
        return f"{how} ({gap})", validity_of(f"{how}: {gap}", limits)


def pieces(values: np.ndarray) -> list[np.ndarray]:
    return [values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE)]
