"""Guided backpropagation: the signal passes a rectifier where both it and the forward input are positive."""

from dataclasses import dataclass
from typing import Any, ClassVar

from convscope.lenses.look import project_unit
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class GuidedBackprop:
    """Guided backpropagation: the signal passes a rectifier where both it and the forward input are positive (Springenberg et al. 2014, arXiv 1412.6806).

    It barely changes when the upper weights are randomised: it shows the image more than the class.

    >>> cs.look(model, photo, cs.Unit("conv3", 5), cs.GuidedBackprop())  # doctest: +SKIP
    """

    name: ClassVar[str] = "guided"
    version: ClassVar[int] = 2  # ReLU6's ceiling lets signals through since
    units: ClassVar[str] = "doubly rectified signal per unit of normalised input"
    does_not_show: ClassVar[str] = (
        "It barely changes when the upper weights are randomised: it shows the image more than the class."
    )

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where the method has no meaning."""
        return project_unit(model, unit, image, "guided", units=self.units, what="guided backpropagation")
