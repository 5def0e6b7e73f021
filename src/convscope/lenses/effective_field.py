"""The effective receptive field: how much each pixel of the field weighs at this image."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from convscope.lenses.look import aim, limits_of, picture_of, validity_of
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class EffectiveField:
    """The absolute gradient of the unit, summed over colours (after Luo et al. 2016, arXiv 1701.04128).

    One unit on one image: the paper's figure is the mean over many images.

    >>> cs.look(model, photo, cs.Unit("conv3", 5, (7, 7)), cs.EffectiveField())  # doctest: +SKIP
    """

    name: ClassVar[str] = "effective-field"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "absolute change of activation per unit of normalised input, summed over colours"
    does_not_show: ClassVar[str] = (
        "It shows how much each pixel could change the unit at this image, with the sign left out: not what "
        "the unit responds to, and not the field of other images."
    )

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where no gradient reaches the pixels."""
        target = aim(model, unit, image)
        seen = target.gradients(target.pixels[None])
        limits = limits_of(target, seen.descent, "effective field")
        array = seen.signal[0].abs().sum(0).float().cpu().numpy()[:, :, None]
        area = int(target.field.width * target.field.height)
        said = f"half of the weight lies in {half_weight(array)} of the {area} pixels of the field"
        validity = validity_of(f"effective field: autograd's own gradient at one image; {said}", limits)
        return picture_of(target, array, self.units, f"effective field ({said})", validity, drawn_over=True)


def half_weight(array: np.ndarray) -> int:
    """The fewest pixels that hold half of the sum."""
    ordered = np.sort(array.ravel())[::-1].cumsum(dtype=np.float64)
    return int(np.searchsorted(ordered, ordered[-1] / 2) + 1) if ordered[-1] > 0 else 0
