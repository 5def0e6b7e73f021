"""GoogLeNet as its paper has it.

Szegedy et al., "Going deeper with convolutions", arXiv 1409.4842, table 1: convolutions with biases and no
batch norm, true 5 x 5 filters, local response normalisation, a last pool of 3 x 3. The two auxiliary
classifiers, which the paper discards after training, are left out. torchvision's ``googlenet`` has 3 x 3
filters where the paper has 5 x 5, batch norm, and a last pool of 2 x 2.
"""

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import Tensor, nn

from convscope.nets.net import Net
from convscope.nets.response import ResponseNorm


class Widths(NamedTuple):
    """Maps of one inception module, named as the columns of table 1."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int


TABLE = {
    "3a": Widths(64, 96, 128, 16, 32, 32),
    "3b": Widths(128, 128, 192, 32, 96, 64),
    "4a": Widths(192, 96, 208, 16, 48, 64),
    "4b": Widths(160, 112, 224, 24, 64, 64),
    "4c": Widths(128, 128, 256, 24, 64, 64),
    "4d": Widths(112, 144, 288, 32, 64, 64),
    "4e": Widths(256, 160, 320, 32, 128, 128),
    "5a": Widths(256, 160, 320, 32, 128, 128),
    "5b": Widths(384, 192, 384, 48, 128, 128),
}


def convolution(channels: int, filters: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the size at stride 1, and a ReLU."""
    conv = nn.Conv2d(channels, filters, kernel, stride, kernel // 2)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
    return nn.Sequential(OrderedDict(conv=conv, relu=nn.ReLU()))


def halving(size: int = 3) -> nn.MaxPool2d:
    """Maximum with stride 2; the last window may reach beyond the map, so that 112 becomes 56."""
    return nn.MaxPool2d(size, 2, ceil_mode=True)


class Inception(nn.Module):
    """Filters of 1 x 1, 3 x 3 and 5 x 5 and a pool, side by side."""

    def __init__(self, channels: int, widths: Widths):
        super().__init__()
        self.one = convolution(channels, widths.one, 1)
        self.three = nn.Sequential(
            convolution(channels, widths.three_reduce, 1), convolution(widths.three_reduce, widths.three, 3)
        )
        self.five = nn.Sequential(
            convolution(channels, widths.five_reduce, 1), convolution(widths.five_reduce, widths.five, 5)
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), convolution(channels, widths.pool, 1))

    def forward(self, maps: Tensor) -> Tensor:
        return torch.cat([self.one(maps), self.three(maps), self.five(maps), self.pool(maps)], 1)


def googlenet(classes: int = 1000, channels: int = 3, last_pool: int = 3) -> nn.Sequential:
    """The network; ``last_pool`` is the window of the pool before module 5a.

    >>> sum(parameter.numel() for parameter in googlenet().parameters())
    6998552
    """
    layers: list[tuple[str, nn.Module]] = [
        ("conv1", convolution(channels, 64, 7, stride=2)), ("pool1", halving()), ("norm1", ResponseNorm()),
        ("conv2_reduce", convolution(64, 64, 1)), ("conv2", convolution(64, 192, 3)),
        ("norm2", ResponseNorm()), ("pool2", halving()),
    ]  # fmt: skip
    width = 192
    for name, widths in TABLE.items():
        layers.append((f"inception{name}", Inception(width, widths)))
        width = widths.one + widths.three + widths.five + widths.pool
        if name in ("3b", "4e"):
            layers.append(("pool3", halving()) if name == "3b" else ("pool4", halving(last_pool)))
    logits = nn.Linear(width, classes)
    layers += [("gap", nn.AdaptiveAvgPool2d(1)), ("dropout", nn.Dropout(0.4)), ("flatten", nn.Flatten()), ("logits", logits)]  # fmt: skip
    return nn.Sequential(OrderedDict(layers))


NETS = {"googlenet-2014": Net("Szegedy et al. 2014", (3, 224, 224), 1000, make=googlenet)}
