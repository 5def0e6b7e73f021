"""What stands where a part of the picture has been taken away."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from convscope.errors import BadModel, BadSpec

if TYPE_CHECKING:
    from convscope.model.model import Model

LEVELS = {"black": 0.0, "grey": 0.5, "white": 1.0}
FILLS = (*LEVELS, "mean", "blur")
BLUR = 1 / 16  # standard deviation of the blur as a share of the shorter edge


def check_fill(fill: str | float, what: str = "fill") -> None:
    """Raise BadSpec where ``fill`` is neither a known word nor a brightness from 0 to 1."""
    if fill not in FILLS and (isinstance(fill, str) or not 0 <= fill <= 1):
        raise BadSpec(f"{what} {fill!r}: choose {', '.join(FILLS)} or a brightness from 0 to 1")


def filling(model: "Model", pixels: Tensor, fill: str | float) -> Tensor:
    """A whole picture of filling ``[C, H, W]`` for a network's input ``pixels`` ``[C, H, W]``.

    ``black``, ``grey``, ``white`` and numbers are a brightness from 0 to 1; ``mean`` is the picture's own
    mean colour, ``blur`` the picture under a Gaussian of a sixteenth of its shorter edge. Raises BadSpec, and
    BadModel where a brightness is asked for and mean and std are not known.
    """
    check_fill(fill)
    if fill == "mean":
        return pixels.mean((1, 2), keepdim=True).expand_as(pixels).clone()
    if fill == "blur":
        return blurred(pixels, BLUR * min(pixels.shape[1:]))
    if not model.mean or not model.std:
        raise BadModel(
            f"what {fill} is to {model.name} is not known: open it with mean= and std= as it was trained with, "
            "or fill with mean or blur, which are made of the picture itself"
        )
    mean, std = (values.to(pixels) for values in model.normalisation)
    level = LEVELS[fill] if isinstance(fill, str) else float(fill)
    return ((level - mean) / std).expand_as(pixels).clone()


def blurred(pixels: Tensor, deviation: float) -> Tensor:
    """``pixels`` ``[C, H, W]`` under a Gaussian of that standard deviation; the border is repeated outwards."""
    reach = max(1, round(3 * deviation))
    steps = torch.arange(-reach, reach + 1).to(pixels)
    weights = torch.exp(-(steps**2) / (2 * deviation**2))
    kernel = (weights / weights.sum()).view(1, 1, -1, 1)
    wide = functional.pad(pixels[:, None], (reach, reach, reach, reach), mode="replicate")
    return functional.conv2d(functional.conv2d(wide, kernel), kernel.transpose(2, 3))[:, 0]
