"""What a lens saw."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.plain.boxes import Box
from convscope.plain.validity import Validity


@dataclass(frozen=True, eq=False)
class PixelMap:
    """What was seen: numbers, their units, where they lie, and how far they may be trusted.

    ``array`` is float32 ``[height, width, channels]`` at the model's input resolution, unscaled;
    ``input_box`` is in model-input pixels, ``box`` the same in source pixels (None, with the reason in
    ``caption``, where the way from source to input cannot be inverted). It is not a figure: how
    numbers become colours is decided in ``convscope.plain.render``.
    """

    array: np.ndarray
    units: str
    input_box: Box
    box: Box | None
    caption: str
    validity: Validity
    value: float | None = None

    def save(self, path: str | Path) -> Path:
        """Write the whole map as a PNG, zero at mid-grey; returns the path."""
        from convscope.plain.render import save_png, signed

        return save_png(path, signed(self.array).pixels)
