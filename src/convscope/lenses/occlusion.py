"""Occlusion: how far the unit falls when a square of the picture is covered."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from convscope.errors import BadSpec, Unanswerable
from convscope.lenses.look import Target, aim, picture_of, validity_of, whole_input
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit

MEASURES = ("activation", "probability")
EDGE = 8  # a square of an eighth of the shorter edge, moved by half of itself, unless given


@dataclass(frozen=True)
class Occlusion:
    """How far the unit falls when a square is covered, place after place (Zeiler & Fergus 2013, arXiv 1311.2901, section 4.2 and figure 7).

    ``size`` and ``stride`` in pixels of the network's input (an eighth of the shorter edge and half of that
    where not given); ``fill`` is grey, black, white, mean, blur or a brightness from 0 to 1;
    ``measure`` may be ``probability`` for a class. Without a position the unit is the maximum over all of them.

    >>> cs.look(model, photo, model.unit_of_class("tench"), cs.Occlusion(size=32, stride=16))  # doctest: +SKIP
    """

    size: int | None = None
    stride: int | None = None
    fill: str | float = "grey"
    measure: str = "activation"

    name: ClassVar[str] = "occlusion"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "fall of the activation, mean over the squares that cover the pixel"
    shares: ClassVar[bool] = True
    does_not_show: ClassVar[str] = (
        "It is as coarse as the square, and the square is itself a thing to be seen; what the unit would do "
        "with two things covered at once it does not tell."
    )

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise BadSpec(f"measure {self.measure!r}: choose {' or '.join(MEASURES)}")

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises BadSpec where the square does not fit."""
        target = aim(model, unit, image)
        windows = self.windows(model)
        array = spread(self._falls(target, unit), windows)[:, :, None]
        box = whole_input(model) if unit.position is None else None
        how = f"a square of {windows.size} every {windows.stride} pixels, {self.fill}"
        what = f"occlusion ({how}; {self.measure})"
        validity = validity_of(
            f"occlusion: measured, {windows.shape[0] * windows.shape[1]} forward passes with {how}"
        )
        units = self.units.replace("activation", self.measure)
        return picture_of(target, array, units, what, validity, box=box, drawn_over=True)

    def grid(self, model: Any, unit: Unit, image: Any) -> np.ndarray:
        """The fall for every place of the square, float32 ``[rows, columns]``."""
        return self._falls(aim(model, unit, image), unit)

    def windows(self, model: Any) -> Any:
        """The squares for this network's input."""
        from convscope.model.occlusion import Windows

        height, width = model.fit.height, model.fit.width
        size = max(1, round(min(height, width) / EDGE)) if self.size is None else self.size
        return Windows(size, max(1, size // 2) if self.stride is None else self.stride, height, width)

    def _falls(self, target: Target, unit: Unit) -> np.ndarray:
        from convscope.model.filling import filling
        from convscope.model.measure import measure
        from convscope.model.occlusion import sweep

        model, pixels = target.model, target.pixels
        reduce = {unit.layer: self._reader(target, unit)}
        clean = measure(model, [pixels[None]], reduce)[unit.layer]
        cover = filling(model, pixels, self.fill)
        return (clean - sweep(model, pixels, cover, self.windows(model), reduce)[unit.layer]).cpu().numpy()

    def _reader(self, target: Target, unit: Unit) -> Any:
        from convscope.model.measure import activation_of

        if self.measure == "activation":
            return activation_of(unit)
        if unit.layer != target.model.output:
            raise Unanswerable(
                f"{unit} of {target.model.name} has no probability: only {target.model.output} has"
            )
        from convscope.model.model import class_scores

        return lambda output: target.model.shares(class_scores(output))[:, unit.channel]


def spread(falls: np.ndarray, windows: Any) -> np.ndarray:
    """For each pixel the mean fall over the windows that cover it, ``[height, width]``; 0 where none does."""
    total = np.zeros((windows.height, windows.width))
    times = np.zeros_like(total)
    for fall, (top, left) in zip(falls.ravel(), windows.places, strict=True):
        total[top : top + windows.size, left : left + windows.size] += fall
        times[top : top + windows.size, left : left + windows.size] += 1
    return total / np.maximum(times, 1)
