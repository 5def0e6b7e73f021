"""A ``Fit`` as tensor operations: the pixels that Pillow gives, bit for bit, inside an exported graph.

Pillow resizes in two passes with coefficients of 22 binary digits, and rounds to whole levels after each: columns
first, in newer versions rows first where a picture loses far more rows than columns. A pass is a product with a
matrix of such coefficients, exact in float64. Sizes are tensors here, not numbers, so that one graph serves
pictures of any size.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from convscope.errors import BadModel
from convscope.plain.fit import Fit, resize

DIGITS = 2.0**22  # PRECISION_BITS of Pillow's Resample.c


class Fitted(nn.Module):
    """Pictures uint8 ``[N, h, w, 3]`` of any size to the network's pixels ``[N, C, H, W]``, whole levels 0 to 255.

    Equal to ``Fit.apply`` bit for bit; float64.
    """

    def __init__(self, fit: Fit):
        super().__init__()
        if fit.channels not in (1, 3):
            raise BadModel(f"pictures have 1 or 3 channels, and this network takes {fit.channels}")
        self.fit = fit
        self.rows_may_go_first = pillow_takes_rows_first()

    def forward(self, images: Tensor) -> Tensor:
        pixels = images.permute(0, 3, 1, 2).double()
        if self.fit.channels == 1:
            grey = pixels[:, 0] * 299 + pixels[:, 1] * 587 + pixels[:, 2] * 114
            pixels = torch.floor((grey[:, None] + 500) / 1000)
        height, width = _length(images[0, :, 0, 0]), _length(images[0, 0, :, 0])
        rows, columns = self._scaled(height, width)
        y, inside_y = self._positions(rows, self.fit.height)
        x, inside_x = self._positions(columns, self.fit.width)
        across = _coefficients(x, columns, width, images[0, 0, :, 0], bicubic=self.fit.bicubic)
        down = _coefficients(y, rows, height, images[0, :, 0, 0], bicubic=self.fit.bicubic)
        fitted = _levels(down @ _levels(pixels @ across.T))
        if self.rows_may_go_first:
            rows_first = (rows < height) & (height - rows > 2 * (width - columns))
            fitted = torch.where(rows_first, _levels(_levels(down @ pixels) @ across.T), fitted)
        inside = inside_y[:, None] & inside_x[None, :]
        return torch.where(inside, fitted, float(self.fit.fill))

    def _scaled(self, height: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """``Fit._scaled`` on tensors."""
        fit = self.fit
        if fit.how == "stretch":
            return torch.full_like(height, fit.height), torch.full_like(width, fit.width)
        if fit.how == "pad":
            scale = torch.minimum(fit.height / height, fit.width / width)
            return (height * scale).round().clamp(min=1), (width * scale).round().clamp(min=1)
        short = float(fit.resize or max(fit.height, fit.width))
        upright = height > width
        rows = torch.where(upright, torch.floor(short * height / width), short)
        columns = torch.where(upright, short, torch.floor(short * width / height))
        return rows, columns

    def _positions(self, scaled: Tensor, length: int) -> tuple[Tensor, Tensor]:
        """Where each of the window's pixels lies in the scaled picture, and whether it lies in it at all."""
        over = scaled - length
        offset = torch.where(over > 0, torch.round(over / 2), -torch.floor(-over / 2))
        position = torch.arange(length, dtype=torch.float64) + offset
        return position, (position >= 0) & (position < scaled)


@cache
def pillow_takes_rows_first() -> bool:
    """Whether the installed Pillow resizes the rows of a tall picture before its columns."""
    tall = np.random.default_rng(0).integers(0, 256, (60, 20), dtype=np.uint8)
    return np.array_equal(
        resize(tall[:, :, None], (6, 10)), resize(resize(tall[:, :, None], (6, 20)), (6, 10))
    )


def _length(line: Tensor) -> Tensor:
    """How many pixels a line has, as a tensor: a number would fix the size in the graph."""
    return torch.ones_like(line, dtype=torch.float64).sum()


def _levels(sums: Tensor) -> Tensor:
    return torch.floor((sums + DIGITS / 2) / DIGITS).clamp(0, 255)


def _coefficients(position: Tensor, scaled: Tensor, length: Tensor, line: Tensor, *, bicubic: bool) -> Tensor:
    """Pillow's weights ``[positions, source pixels]`` for one axis, times 2**22, whole numbers."""
    step = length / scaled
    stretch = step.clamp(min=1)
    support = (2.0 if bicubic else 1.0) * stretch
    centre = ((position + 0.5) * step)[:, None]
    source = (torch.cumsum(torch.ones_like(line, dtype=torch.float64), 0) - 1)[None, :]
    first = torch.floor(centre - support + 0.5).clamp(min=0)
    last = torch.floor(centre + support + 0.5)
    weight = _filter((source - centre + 0.5) / stretch, bicubic=bicubic)
    weight = torch.where((source >= first) & (source < last), weight, 0.0)
    total = weight.sum(1, keepdim=True)
    weight = weight / torch.where(total == 0, 1.0, total)
    return torch.sign(weight) * torch.floor(weight.abs() * DIGITS + 0.5)


def _filter(x: Tensor, *, bicubic: bool) -> Tensor:
    """The triangle, or Keys's cubic with a = -0.5."""
    x = x.abs()
    if not bicubic:
        return (1 - x).clamp(min=0)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return torch.where(x < 1, near, torch.where(x < 2, far, 0.0))
