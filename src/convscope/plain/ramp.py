"""The colours of activation maps: zero is always dark, positive goes to blue and white, negative to amber."""

import io
from typing import Literal

import numpy as np
from PIL import Image

Ramp = Literal["positive", "signed"]
# (level, red, green, blue); CIE lightness about 5, 31, 53, 77, 99, so that equal steps look equal
POSITIVE = (
    (0, 13, 17, 24),
    (64, 15, 73, 138),
    (128, 45, 128, 205),
    (192, 142, 194, 248),
    (255, 250, 252, 255),
)
NEGATIVE = (
    (0, 13, 17, 24),
    (64, 118, 60, 10),
    (128, 187, 114, 16),
    (192, 247, 178, 78),
    (255, 255, 251, 242),
)
CRISP = (
    96  # pixels; a smaller map is enlarged by a whole factor, so that its cells stay squares in any viewer
)


def colours(ramp: Ramp) -> np.ndarray:
    """uint8 ``[256, 3]``: for ``positive`` entry 0 is zero, for ``signed`` it is entry 128.

    >>> colours("signed")[128].tolist() == colours("positive")[0].tolist()
    True
    """
    rising = _between(POSITIVE, np.arange(256))
    if ramp == "positive":
        return rising
    steps = np.arange(256) - 128
    falling = _between(NEGATIVE, np.clip(-steps, 0, 127) / 127 * 255)
    rising = _between(POSITIVE, np.clip(steps, 0, 127) / 127 * 255)
    return np.where((steps < 0)[:, None], falling, rising)


def _between(anchors: tuple[tuple[int, ...], ...], at: np.ndarray) -> np.ndarray:
    positions, *channels = zip(*anchors, strict=True)
    levels = [np.interp(at, positions, channel) for channel in channels]
    return np.rint(np.stack(levels, axis=1)).astype(np.uint8)


def coloured_png(levels: np.ndarray, ramp: Ramp) -> bytes:
    """Levels uint8 ``[h, w]`` as a PNG whose palette is the ramp; small maps are enlarged by a whole factor."""
    factor = max(1, -(-CRISP // max(levels.shape)))
    image = Image.fromarray(np.kron(levels, np.ones((factor, factor), np.uint8)))
    image.putpalette(colours(ramp).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
