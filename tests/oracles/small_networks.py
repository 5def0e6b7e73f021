"""Small networks whose answers can be known by other means."""

import numpy as np
import torch
from torch import Tensor, nn

from convscope.model.model import Model
from convscope.plain.fit import Fit

torch.set_num_threads(1)  # the networks are tiny


def wrap(module: nn.Module, size: tuple[int, int, int] = (3, 12, 12)) -> Model:
    """A model that shows its pixels as they are, 0 to 1, unless a mean is given."""
    channels, height, width = size
    fit = Fit(height, width, channels=channels)
    return Model(module.eval(), fit=fit, mean=(0.4,) * channels, std=(0.5,) * channels)


class Pooled(nn.Module):
    """Convolutions and rectifiers, then a mean over positions and a linear layer."""

    def __init__(self, bias: bool = True, channels: int = 3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 6, 3, padding=1, bias=bias)
        self.conv2 = nn.Conv2d(6, 5, 3, stride=2, bias=bias)
        self.head = nn.Linear(5, 4, bias=bias)

    def maps(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv2(torch.relu(self.conv1(x))))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.maps(x).mean((2, 3)))


def pooled(bias: bool = True, seed: int = 0) -> Model:
    torch.manual_seed(seed)
    return wrap(Pooled(bias))


def photo(height: int = 12, width: int = 12, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (height, width, channels), dtype=np.uint8)
