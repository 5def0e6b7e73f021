"""Gradient x input: to first order, what each pixel adds to the unit."""

from dataclasses import dataclass
from typing import Any, ClassVar

from convscope.lenses.look import aim, as_map, limits_of, picture_of, validity_of
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class GradientTimesInput:
    """Gradient times the network's normalised input, pixel by pixel (Shrikumar et al. 2016, arXiv 1605.01713).

    It is a share of the activation only as far as the network is linear, and zero wherever the input is
    the mean colour.

    >>> cs.look(model, photo, cs.Unit("conv3", 5), cs.GradientTimesInput())  # doctest: +SKIP
    """

    name: ClassVar[str] = "gradient-times-input"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "activation, to first order"
    shares: ClassVar[bool] = True
    does_not_show: ClassVar[str] = (
        "It says nothing of pixels of the mean colour, and is a share of the activation only as far as the "
        "network is linear."
    )

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where no gradient reaches the pixels."""
        target = aim(model, unit, image)
        seen = target.gradients(target.pixels[None])
        array = as_map(seen.signal[0]) * as_map(target.pixels)
        share = f"its sum {array.sum():.4g} would be the activation {target.value:.4g} without biases"
        validity = validity_of(
            f"gradient x input: autograd's own; {share}", limits_of(target, seen.descent, "gradient x input")
        )
        return picture_of(target, array, self.units, "gradient x input", validity)
