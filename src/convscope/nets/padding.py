"""Convolution and pooling whose padding is a name, decided from the input at every call."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.arithmetic.convolution import Padding, padding_amounts


class Margins(NamedTuple):
    """Rows and columns added around a map: (before, after) per axis."""

    rows: tuple[int, int]
    columns: tuple[int, int]

    @property
    def symmetric(self) -> tuple[int, int] | None:
        """One number per axis where both sides agree; None where they do not."""
        if self.rows[0] == self.rows[1] and self.columns[0] == self.columns[1]:
            return self.rows[0], self.columns[0]
        return None

    def pad(self, maps: Tensor, value: float = 0.0) -> Tensor:
        around = (*self.columns, *self.rows)
        return functional.pad(maps, around, value=value) if any(around) else maps


def margins(maps: Tensor, kernel: int, stride: int, dilation: int, padding: Padding) -> Margins:
    """The margins that ``padding`` means for maps ``[..., height, width]``."""
    height, width = maps.shape[-2:]
    return Margins(
        padding_amounts(int(height), kernel, stride, dilation, padding),
        padding_amounts(int(width), kernel, stride, dilation, padding),
    )


class Convolution(nn.Conv2d):
    """A square convolution with padding by name: valid, same, full, causal or pixels per side.

    ``groups`` of maps do not mix; as many groups as maps make it depthwise. Equal margins are handed to
    the convolution itself; only uneven ones cost an operation of their own.

    >>> Convolution(3, 8, kernel=3, stride=2, padding="same")(torch.zeros(1, 3, 7, 7)).shape
    torch.Size([1, 8, 4, 4])
    """

    def __init__(
        self,
        channels: int,
        filters: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        padding: Padding = "same",
        bias: bool = True,
        groups: int = 1,
    ):
        super().__init__(channels, filters, kernel, stride, 0, dilation, groups, bias)
        self.named_padding = padding
        self.square = (kernel, stride, dilation)

    def forward(self, input: Tensor) -> Tensor:
        around = margins(input, *self.square, self.named_padding)
        padding = around.symmetric
        if padding is None:
            input, padding = around.pad(input), (0, 0)
        return functional.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        kernel, stride, dilation = self.square
        groups = f", groups={self.groups}" if self.groups != 1 else ""
        return (
            f"{self.in_channels}, {self.out_channels}, kernel={kernel}, stride={stride}, "
            f"dilation={dilation}, padding={self.named_padding!r}, bias={self.bias is not None}{groups}"
        )


class Pool(nn.Module):
    """What maximum and average pooling share: a square window, a stride, a padding by name."""

    def __init__(self, size: int, stride: int | None = None, padding: Padding = "valid"):
        super().__init__()
        self.size, self.stride, self.padding = size, stride or size, padding

    def extra_repr(self) -> str:
        return f"size={self.size}, stride={self.stride}, padding={self.padding!r}"


class MaxPool(Pool):
    """Maximum over a square window; padding never wins.

    >>> MaxPool(3, stride=2, padding="same")(torch.zeros(1, 8, 55, 55)).shape
    torch.Size([1, 8, 28, 28])
    """

    def forward(self, maps: Tensor) -> Tensor:
        around = margins(maps, self.size, self.stride, 1, self.padding)
        padding = around.symmetric
        # PyTorch pads at most half a window by itself
        if padding is None or max(padding) > self.size // 2:
            maps, padding = around.pad(maps, -torch.inf), (0, 0)
        return functional.max_pool2d(maps, self.size, self.stride, padding)


class AveragePool(Pool):
    """Mean over a square window; padded zeros count as pixels.

    >>> AveragePool(2)(torch.ones(1, 8, 6, 6)).shape
    torch.Size([1, 8, 3, 3])
    """

    def forward(self, maps: Tensor) -> Tensor:
        around = margins(maps, self.size, self.stride, 1, self.padding)
        padding = around.symmetric
        if padding is None or max(padding) > self.size // 2:
            maps, padding = around.pad(maps), (0, 0)
        return functional.avg_pool2d(maps, self.size, self.stride, padding)
