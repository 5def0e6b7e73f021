"""The plain gradient of a unit with respect to the network's input."""

from dataclasses import dataclass
from typing import Any, ClassVar

from convscope.lenses.look import project_unit
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class Gradient:
    """The plain gradient of a unit with respect to the network's input (Simonyan, Vedaldi & Zisserman 2013, arXiv 1312.6034).

    It shows to what the unit is sensitive at this very image, which is not what it responds to.

    >>> cs.look(model, photo, cs.Unit("conv3", 5), cs.Gradient())  # doctest: +SKIP
    """

    name: ClassVar[str] = "gradient"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "change of activation per unit of normalised input"
    does_not_show: ClassVar[str] = (
        "It shows to what the unit is sensitive at this very image, which is not what it responds to."
    )

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where the method has no meaning."""
        return project_unit(model, unit, image, "gradient", units=self.units, what="gradient")
