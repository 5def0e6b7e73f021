"""Changes of tone that keep what a picture shows, one a picture, by torchvision's functions."""

from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

Tone = Callable[[Tensor, float], Tensor]  # images from 0 to 1, and how much from 0 to 1


def factor(amount: float) -> float:
    """From a half to one and a half."""
    return 0.5 + amount


def as_it_is(image: Tensor, amount: float) -> Tensor:
    """Unchanged: a part of the pictures stays as it was taken."""
    return image


def brightness(image: Tensor, amount: float) -> Tensor:
    return tv.adjust_brightness(image, factor(amount))


def contrast(image: Tensor, amount: float) -> Tensor:
    return tv.adjust_contrast(image, factor(amount))


def saturation(image: Tensor, amount: float) -> Tensor:
    return tv.adjust_saturation(image, factor(amount))


def sharpness(image: Tensor, amount: float) -> Tensor:
    return tv.adjust_sharpness(image, 2 * amount)


def gamma(image: Tensor, amount: float) -> Tensor:
    return tv.adjust_gamma(image, factor(amount))


def stretched(image: Tensor, amount: float) -> Tensor:
    return tv.autocontrast(image)


def fewer_levels(image: Tensor, amount: float) -> Tensor:
    return tv.posterize(image, 3 + round(amount * 3))


TONES: tuple[Tone, ...] = (
    as_it_is,
    brightness,
    contrast,
    saturation,
    sharpness,
    gamma,
    stretched,
    fewer_levels,
)


def change_tones(batch: Tensor, tones: Tensor) -> Tensor:
    """Float images ``[N, C, H, W]`` from 0 to 255; ``tones[i]``: which, as a share of ``TONES``, and how much."""
    images = (batch / 255).clamp(0, 1).unbind()
    changed = [
        TONES[int(which * len(TONES))](image, float(amount))
        for image, (which, amount) in zip(images, tones.tolist(), strict=True)
    ]
    return torch.stack(changed) * 255
