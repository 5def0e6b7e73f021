"""Numbers as grey levels, over their whole range, with what the shades mean."""

import numpy as np

from convscope.plain.convolved import Convolved
from convscope.plain.convolved_words import number
from convscope.plain.render import signed, unsigned

PADDED = 236  # the light grey of cells that lie in the padding


def levels(values: np.ndarray, scale: float) -> np.ndarray:
    """Grey levels uint8 ``[h, w]`` of signed numbers: zero is mid-grey, ``scale`` white."""
    return signed(values[:, :, None], scale).pixels[:, :, 0]


def grey(values: np.ndarray) -> tuple[np.ndarray, str]:
    """A map ``[h, w]`` as grey pixels ``[h, w, 3]`` over its whole range, and what the shades mean."""
    low, high = float(values.min()), float(values.max())
    if low < 0:
        top = max(-low, high)
        return signed(values[:, :, None], top).pixels, f"black {number(-top)}, grey 0, white {number(top)}"
    return np.repeat(unsigned(values, high)[:, :, None], 3, axis=2), f"black 0, white {number(high)}"


def window_levels(seen: Convolved, channel: int) -> np.ndarray:
    """Grey levels of what the window reads, as bright as in the whole input; padding is light."""
    maps, window = seen.input[channel], seen.window[channel]
    low, high = float(maps.min()), float(maps.max())
    if low < 0:
        shades = levels(window, max(-low, high))
    elif seen.reads_pixels and 1 < high <= 255:
        shades = unsigned(window, 255)
    else:
        shades = unsigned(window, high)
    return np.where(seen.inside, shades, PADDED).astype(np.uint8)
