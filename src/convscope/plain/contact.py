"""Contact sheets: the maps of a layer side by side, or a vector as bars, under one stated scaling."""

from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from convscope.plain.render import full_scale, signed, unsigned

INK = (118, 122, 128, 255)  # read on white and on black: the sheet itself is transparent
SIDE = 72  # pixels of a small map's longer side on the sheet, about
LARGEST = 144  # of a large one's
ACROSS = 960  # width of a sheet, about
GAP, LABEL, MARGIN = 6, 15, 4
BARS = 120  # height of the bars of a vector, in pixels
BLUE, AMBER = (72, 136, 214, 255), (214, 128, 32, 255)


class Scaling(NamedTuple):
    """How a layer's numbers become grey levels: ``full`` is drawn white, ``-full`` black where signed."""

    signed: bool
    full: float

    def __str__(self) -> str:
        if not self.full:
            return "all zero"
        return f"grey 0, white {self.full:+.3g}, black {-self.full:+.3g}" if self.signed else (
            f"black 0, white {self.full:.3g}"
        )  # fmt: skip


def scaling(array: np.ndarray) -> Scaling:
    """One scaling for all channels of a layer: signed where any number is negative."""
    return Scaling(bool((array < 0).any()), full_scale(array))


def strongest(array: np.ndarray, top: int) -> np.ndarray:
    """Channels ``[n]`` of ``[C, ...]``: all in their order, or the ``top`` with the highest maximum, highest first."""
    if len(array) <= top:
        return np.arange(len(array))
    return np.argsort(-array.reshape(len(array), -1).max(axis=1), kind="stable")[:top]


def contact_sheet(array: np.ndarray, channels: np.ndarray, heading: str, scale: Scaling) -> np.ndarray:
    """uint8 RGBA ``[h, w, 4]``: maps ``array[channels]`` of ``[C, H, W]``, each under its channel's number.

    Small maps are enlarged by a whole factor, every value a square; large ones are averaged down.
    """
    maps = [_tile(array[channel], scale) for channel in channels]
    height, width = maps[0].size[1] + LABEL, max(maps[0].size[0], 3 * LABEL)
    across = max(1, min(len(maps), (ACROSS + GAP) // (width + GAP)))
    rows = -(-len(maps) // across)
    page, pen = _blank(across * (width + GAP), rows * (height + GAP), heading)
    for place, (channel, tile) in enumerate(zip(channels, maps, strict=True)):
        left = MARGIN + place % across * (width + GAP)
        top = MARGIN + 2 * LABEL + place // across * (height + GAP)
        pen.text((left, top - 1), str(channel), INK, font=_font(11))
        page.paste(tile, (left, top + LABEL))
    return np.asarray(page)


def bar_sheet(vector: np.ndarray, channels: np.ndarray, heading: str) -> np.ndarray:
    """uint8 RGBA ``[h, w, 4]``: values of a vector ``[C]`` as bars from zero, blue above and amber below."""
    values = vector[channels].astype(np.float64)
    high, low = max(values.max(), 0.0), min(values.min(), 0.0)
    span = (high - low) or 1.0
    step = max(2, min(24, ACROSS // len(values)))
    page, pen = _blank(step * len(values), BARS, heading)
    zero = MARGIN + 2 * LABEL + high / span * BARS
    for place, value in enumerate(values):
        left = MARGIN + place * step
        ends = sorted((zero, zero - value / span * BARS))
        pen.rectangle(
            (left, round(ends[0]), left + step - (2 if step > 3 else 1), round(ends[1])),
            BLUE if value > 0 else AMBER,
        )
    pen.line((MARGIN, round(zero), MARGIN + step * len(values), round(zero)), INK)
    return np.asarray(page)


def _tile(values: np.ndarray, scale: Scaling) -> Image.Image:
    """One map as grey squares."""
    height, width = values.shape
    zoom = max(1, SIDE // max(height, width))
    picture = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    if max(height, width) > LARGEST:  # numbers are averaged before they become grey
        share = LARGEST / max(height, width)
        picture = picture.resize(
            (max(1, round(width * share)), max(1, round(height * share))), Image.Resampling.BOX
        )
    shown = np.asarray(picture)
    grey = (
        signed(shown[:, :, None], scale.full).pixels[:, :, 0] if scale.signed else unsigned(shown, scale.full)
    )
    return Image.fromarray(grey.repeat(zoom, axis=0).repeat(zoom, axis=1))


def _blank(width: int, height: int, heading: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A transparent page with room for its heading."""
    needed = round(_font(13).getlength(heading))
    size = max(width, needed) + 2 * MARGIN, height + 2 * LABEL + 2 * MARGIN
    page = Image.new("RGBA", size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN), heading, INK, font=_font(13))
    return page, pen


@cache  # Pillow reads its font anew each time
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
