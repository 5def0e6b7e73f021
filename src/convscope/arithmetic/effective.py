"""The effective receptive field of stacked uniform windows, in theory: what a measured one is held against.

A stack of uniform k-tap windows weighs pixels like the sum of as many uniform steps: nearly Gaussian,
variance ``layers * (k ** 2 - 1) / 12`` (Luo, Li, Urtasun & Zemel 2016, arXiv 1701.04128, section 2).
"""

from collections.abc import Sequence

import numpy as np

from convscope.arithmetic.window import Window

EDGE = 1 - 0.9545  # share of the centre's weight from which a pixel counts: two sigma of a Gaussian


def uniform_profile(windows: Sequence[Window]) -> np.ndarray:
    """How much each pixel of the receptive field weighs, float64 ``[size]``, summing to 1.

    >>> (uniform_profile([Window(3)] * 3) * 27).round().astype(int).tolist()
    [1, 3, 6, 7, 6, 3, 1]
    """
    profile, stride = np.ones(1), 1
    for window in windows:
        taps = np.zeros((window.reach - 1) * stride + 1)
        taps[:: window.dilation * stride] = 1 / window.kernel
        profile = np.convolve(profile, taps)
        stride *= window.stride
    return profile


def uniform_variance(windows: Sequence[Window]) -> float:
    """The variance of ``uniform_profile`` in closed form, in pixels squared.

    >>> round(uniform_variance([Window(3)] * 20), 3)
    13.333
    """
    variance, stride = 0.0, 1
    for window in windows:
        variance += (stride * window.dilation) ** 2 * (window.kernel**2 - 1) / 12
        stride *= window.stride
    return variance


def effective_width(profile: np.ndarray) -> int:
    """How many pixels weigh more than 4.55 % of the heaviest one."""
    return int((profile > EDGE * profile.max()).sum()) if profile.max(initial=0) > 0 else 0


def spread(profile: np.ndarray) -> float:
    """The standard deviation, in pixels, of a profile of non-negative weights; 0 for an empty one."""
    total = profile.sum()
    if total <= 0:
        return 0.0
    places = np.arange(len(profile))
    mean = (places * profile).sum() / total
    return float(np.sqrt(((places - mean) ** 2 * profile).sum() / total))
