"""A projection smoothed for the eye: what is finer than a unit's stride is where its samples fell, not what it saw.

Strided convolutions and unpooling put a signal down on a grid, colour by colour, as the transposed filters happen
to meet it; the eye takes that grid for the picture. Lightness carries the shape and is smoothed little, colour more,
as in television. Only what is drawn changes: the numbers of a pixel map are never smoothed.
"""

from functools import lru_cache

import numpy as np

LIGHTNESS, COLOUR = 1 / 6, 2 / 5  # standard deviations, in strides of the unit's map


def smooth(signal: np.ndarray, stride: float) -> np.ndarray:
    """A signed map ``[h, w, channels]`` of a unit whose map has ``stride`` pixels between its positions.

    Lightness, the mean of the channels, by a sixth of the stride, the rest by two fifths; what lies outside is zero.

    >>> float(smooth(np.eye(9)[:, :, None], 1.0)[4, 4, 0].round(2))  # a stride of one changes nothing to speak of
    1.0
    """
    lightness = signal.mean(axis=2, keepdims=True)
    blurred = _blur(lightness, LIGHTNESS * stride)
    if signal.shape[2] == 1:
        return blurred
    return blurred + _blur(signal - lightness, COLOUR * stride)


def _blur(planes: np.ndarray, deviation: float) -> np.ndarray:
    down, across = (_gaussian(size, deviation) for size in planes.shape[:2])
    return np.moveaxis(down @ np.moveaxis(planes, 2, 0) @ across, 0, 2)


@lru_cache(maxsize=64)
def _gaussian(size: int, deviation: float) -> np.ndarray:
    """Row i holds the weights of all pixels in the smoothed pixel i; of an endless row they add up to 1."""
    reach = np.arange(-size, size + 1)
    weight = np.exp(-0.5 * (reach / max(deviation, 1e-6)) ** 2)
    away = np.abs(np.arange(size)[:, None] - np.arange(size))
    return (weight / weight.sum()).astype(np.float32)[away + size]
