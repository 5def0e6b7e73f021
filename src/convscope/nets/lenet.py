"""LeNet-5: as its paper has it, and as it is written today.

LeCun, Bottou, Bengio & Haffner, "Gradient-based learning applied to document recognition", 1998.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.nets.activation import ScaledTanh
from convscope.nets.net import Net

PAPER = "LeCun et al. 1998"
# table I: which of the six maps of S2 each of the sixteen maps of C3 reads
READS = (
    *((at, at + 1, at + 2) for at in range(6)),
    *((at, at + 1, at + 2, at + 3) for at in range(6)),
    *((at, at + 1, at + 3, at + 4) for at in range(3)),
    range(6),
)


class Subsampling(nn.Module):
    """The sum over windows of 2 x 2, times one trained coefficient a map, plus one trained bias a map."""

    def __init__(self, channels: int):
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))  # starts as the mean
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        return functional.avg_pool2d(maps, 2) * 4 * self.coefficient + self.bias


class PartialConvolution(nn.Module):
    """A 5 x 5 convolution of six maps to sixteen, each of which reads only some: 60 kernels, not 96."""

    def __init__(self) -> None:
        super().__init__()
        pairs = [(to, source % 6) for to, sources in enumerate(READS) for source in sources]
        self.kernels = nn.Parameter(torch.zeros(len(pairs), 5, 5))
        self.bias = nn.Parameter(torch.zeros(len(READS)))
        self.register_buffer("pairs", torch.tensor(pairs).T.contiguous(), persistent=False)

    @property
    def weight(self) -> Tensor:
        """All kernels ``[16, 6, 5, 5]``, zero where a map is not read."""
        to, source = self.get_buffer("pairs")
        empty = torch.zeros(16, 6, 5, 5, dtype=self.kernels.dtype, device=self.kernels.device)
        return empty.index_put((to, source), self.kernels)

    def forward(self, maps: Tensor) -> Tensor:
        return functional.conv2d(maps, self.weight, self.bias)


class Codes(nn.Module):
    """Radial basis units: minus the squared distance to one fixed code of -1 and +1 a class (equation 7).

    The paper draws its codes as small digits by hand, and names random ones as the other choice; these are
    random and the same for every seed. The sign makes the nearest class the highest score.
    """

    def __init__(self, width: int, classes: int):
        super().__init__()
        drawn = torch.randint(
            2, (classes, width), generator=torch.Generator("cpu").manual_seed(1998), device="cpu"
        )
        self.register_buffer("codes", drawn * 2.0 - 1.0)

    def forward(self, features: Tensor) -> Tensor:
        # |f - c|^2 = |f|^2 - 2 f.c + |c|^2, and |c|^2 is the width
        dots = functional.linear(features, self.get_buffer("codes"))
        return 2 * dots - features.square().sum(1, keepdim=True) - features.shape[1]


class LeNet1998(nn.Sequential):
    """LeNet-5 with its partial connections, trained subsampling, scaled tanh and radial basis output.

    60,000 trained parameters: C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164.

    >>> sum(parameter.numel() for parameter in LeNet1998().parameters())
    60000
    """

    def __init__(self, classes: int = 10):
        super().__init__()
        self.c1, self.squash1 = nn.Conv2d(1, 6, 5), ScaledTanh()
        self.s2, self.squash2 = Subsampling(6), ScaledTanh()
        self.c3, self.squash3 = PartialConvolution(), ScaledTanh()
        self.s4, self.squash4 = Subsampling(16), ScaledTanh()
        self.c5, self.squash5 = nn.Conv2d(16, 120, 5), ScaledTanh()
        self.flatten = nn.Flatten()
        self.f6, self.squash6 = nn.Linear(120, 84), ScaledTanh()
        self.output = Codes(84, classes)
        self._initialise()

    def _initialise(self) -> None:
        """Uniform within 2.4 over the number of inputs, as the paper draws them."""
        for layer, inputs in ((self.c1, 25), (self.c5, 400), (self.f6, 120)):
            nn.init.uniform_(layer.weight, -2.4 / inputs, 2.4 / inputs)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        with torch.no_grad():
            for to, kernel in zip(self.c3.get_buffer("pairs")[0], self.c3.kernels, strict=True):
                bound = 2.4 / (25 * len(READS[int(to)]))
                kernel.uniform_(-bound, bound)


def modern(height: int, width: int) -> str:
    """LeNet-5 with all connections, ReLU and maximum; 61,706 parameters at 32 x 32 and at 28 x 28.

    The paper's 32 x 32 are digits of 28 x 28 with a margin of two; where the image comes without, the first
    convolution adds it.
    """
    margin = ":valid" if min(height, width) >= 32 else ""
    return f"6c5{margin} p2 16c5:valid p2 fc120 fc84"


NETS = {
    "lenet5": Net(PAPER, (1, 32, 32), 10, modern),
    "lenet5-1998": Net(PAPER, (1, 32, 32), 10, make=lambda classes, channels: LeNet1998(classes), rigid=True),
}
