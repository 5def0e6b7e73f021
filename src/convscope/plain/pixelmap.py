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
    ``caption``, where the way from source to input cannot be inverted). ``picture`` is what the model was
    shown, uint8, where a map has one channel and is best seen over it. It is not a figure: how numbers
    become colours is decided in ``convscope.plain.render``.
    """

    array: np.ndarray
    units: str
    input_box: Box
    box: Box | None
    caption: str
    validity: Validity
    value: float | None = None
    picture: np.ndarray | None = None

    def __repr__(self) -> str:
        size = "x".join(map(str, self.array.shape))
        return f"<PixelMap {size}, {self.validity.label}: {self.caption}>"

    def pixels(self) -> np.ndarray:
        """The whole map as display pixels, uint8 ``[height, width, 3]``: over its picture, or zero at mid-grey."""
        from convscope.plain.render import heat, signed

        return signed(self.array).pixels if self.picture is None else heat(self.array, self.picture).pixels

    def save(self, path: str | Path) -> Path:
        """Write the whole map as a PNG; returns the path."""
        from convscope.plain.render import save_png

        return save_png(path, self.pixels())

    def _repr_png_(self) -> bytes:
        from convscope.plain.render import encode

        return encode(self.pixels())

    def _repr_html_(self) -> str:
        from base64 import b64encode
        from html import escape

        source = f"data:image/png;base64,{b64encode(self._repr_png_()).decode()}"
        words = "<br>".join(escape(text) for text in (self.caption, self.validity.sentence, self.units))
        return f'<figure><img src="{source}" alt="{escape(self.caption)}"><figcaption>{words}</figcaption></figure>'
