"""The activations that a spec can name."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn


class ScaledTanh(nn.Module):
    """``1.7159 tanh(2x/3)``: one at one and minus one at minus one (LeCun et al. 1998, appendix A).

    >>> ScaledTanh()(torch.tensor([1.0])).round(decimals=3)
    tensor([1.])
    """

    def forward(self, maps: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(maps * (2 / 3))


# each made for a number of maps; only PReLU, whose slopes are learnt one a map, asks for it (He et al. 2015)
ACTIVATIONS: dict[str, Callable[[int], nn.Module]] = {
    "relu": lambda channels: nn.ReLU(),
    "leaky": lambda channels: nn.LeakyReLU(0.01),
    "prelu": lambda channels: nn.PReLU(channels),
    "elu": lambda channels: nn.ELU(),
    "relu6": lambda channels: nn.ReLU6(),
    "silu": lambda channels: nn.SiLU(),
    "gelu": lambda channels: nn.GELU(),
    "tanh": lambda channels: nn.Tanh(),
    "stanh": lambda channels: ScaledTanh(),
    "sigmoid": lambda channels: nn.Sigmoid(),
}
LINEAR = "linear"  # no activation at all
NEVER_NEGATIVE = {"relu", "relu6", "sigmoid"}
# what keeps the scale of a signal that passes (torch.nn.init.calculate_gain); rectifiers' for all others
GAINS: dict[str, Literal["tanh", "sigmoid", "linear"]] = {
    "tanh": "tanh",
    "stanh": "tanh",
    "sigmoid": "sigmoid",
    LINEAR: "linear",
}
