"""Weights averaged over the steps of a run, which are often better than the last ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

WARM = 10  # steps: the first weights are random, and must not count for long


class Average:
    """An exponential moving average of all weights and statistics (Polyak & Juditsky 1992).

    After step t the share kept is ``min(decay, t / (WARM + t))``; counters are copied.
    """

    def __init__(self, net: nn.Module, decay: float):
        self.decay = decay
        self.tensors = {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        """Take in the weights after ``step`` steps, counted from 1."""
        kept = min(self.decay, step / (WARM + step))
        for name, tensor in net.state_dict().items():
            if tensor.is_floating_point():
                self.tensors[name].lerp_(tensor, 1 - kept)
            else:
                self.tensors[name].copy_(tensor)

    def restore(self, tensors: dict[str, Tensor]) -> None:
        for name, tensor in tensors.items():
            self.tensors[name].copy_(tensor)

    @contextmanager
    def worn(self, net: nn.Module) -> Iterator[None]:
        """The network has the averaged weights inside, its own outside."""
        own = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        net.load_state_dict(self.tensors)
        try:
            yield
        finally:
            net.load_state_dict(own)
