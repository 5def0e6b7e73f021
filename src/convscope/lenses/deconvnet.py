"""The deconvnet: pooling switches from the forward pass, a rectifier on the way down, transposed filters."""

from dataclasses import dataclass
from typing import Any, ClassVar

from convscope.lenses.look import project_unit
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class Deconvnet:
    """The deconvnet: pooling switches from the forward pass, a rectifier on the way down, transposed filters (Zeiler & Fergus 2013, arXiv 1311.2901, section 2.1).

    It shows structure in this image that can drive the unit, not what the class decision rests on.

    >>> cs.look(model, photo, cs.Unit("conv3", 5), cs.Deconvnet())  # doctest: +SKIP
    """

    name: ClassVar[str] = "deconvnet"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "rectified signal per unit of normalised input"
    does_not_show: ClassVar[str] = (
        "It shows structure in this image that can drive the unit, not what the class decision rests on."
    )

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where the method has no meaning."""
        return project_unit(model, unit, image, "deconvnet", units=self.units, what="deconvnet projection")
