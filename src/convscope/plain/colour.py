"""Colours by lightness, chroma and hue as the eye sees them."""

import math

import numpy as np

# from OKLab to cone responses, and from their cubes to linear sRGB (Björn Ottosson, "A perceptual color
# space for image processing", 2020)
CONES = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.291485548]]
)
LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.707614701],
    ]
)


def oklch(lightness: float, chroma: float, hue: float) -> tuple[int, int, int]:
    """sRGB (0 to 255) of a lightness 0 to 1, a chroma and a hue in degrees; what does not fit is clipped.

    >>> oklch(1, 0, 0), oklch(0.7, 0.15, 55)
    ((255, 255, 255), (228, 130, 51))
    """
    angle = math.radians(hue)
    linear = LINEAR @ (CONES @ (lightness, chroma * math.cos(angle), chroma * math.sin(angle))) ** 3
    linear = np.clip(linear, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (round(float(level) * 255) for level in coded)
    return red, green, blue


def diverging(dark: bool, stops: int = 17) -> np.ndarray:
    """Colours uint8 ``[stops, 3]`` from negative (blue) over zero to positive (orange), of equal lightness either way.

    Zero is near-white, or near-black for a ``dark`` page, so that what is far from it always stands out. Every
    colour is one that a screen has: where one is clipped, straight lines between stops miss the curve by many levels.
    """
    (end, middle), steps = (0.78, 0.2) if dark else (0.46, 0.97), np.linspace(-1, 1, stops)
    lightness = middle + np.abs(steps) * (end - middle)
    return np.array([oklch(light, 0.11 * abs(step) ** 0.7, 50 if step > 0 else 250) for light, step in zip(lightness, steps, strict=True)], np.uint8)  # fmt: skip
