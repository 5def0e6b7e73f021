"""The last step from scores to probabilities."""

import torch
from torch import Tensor, nn

from convscope.errors import BadModel


class Softmax(nn.Module):
    """Probabilities ``[N, classes]`` of scores divided by a temperature: above 1 softer, below 1 sharper.

    Put behind a trained network, ``nn.Sequential(net, Softmax(2.0))``: predictions follow the temperature,
    and the layer of class scores is still the one before it (Hinton et al. 2015, arXiv 1503.02531,
    equation 1). Raises BadModel for a temperature that is not above zero.

    >>> Softmax()(torch.tensor([[1.0, 1.0]]))
    tensor([[0.5000, 0.5000]])
    """

    def __init__(self, temperature: float = 1.0):
        super().__init__()
        if not temperature > 0:
            raise BadModel(f"a temperature of {temperature} cannot divide scores: give a number above zero")
        self.temperature = temperature

    def forward(self, scores: Tensor) -> Tensor:
        return torch.softmax(scores / self.temperature, 1)

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}"
