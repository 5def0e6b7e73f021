"""Pooling by energy and by chance, with padding by name."""

import torch
from torch import Tensor
from torch.nn import functional

from convscope.nets.padding import Pool, margins

TINY = 1e-12  # keeps the slope at an all-zero window finite


class L2Pool(Pool):
    """The root of the sum of squares over a square window (Nielsen, chapter 6; Sermanet et al. 2012).

    >>> L2Pool(2)(torch.tensor([[[[3.0, 0.0], [0.0, 4.0]]]])).item()
    5.0
    """

    def forward(self, maps: Tensor) -> Tensor:
        padded = margins(maps, self.size, self.stride, 1, self.padding).pad(maps)
        squares = functional.avg_pool2d(padded.square(), self.size, self.stride) * self.size**2
        return (squares + TINY).sqrt()


class StochasticPool(Pool):
    """A value drawn from a square window, each with a chance in proportion to itself.

    In evaluation the mean under these chances, ``sum(a^2) / sum(a)``; an all-zero window gives zero.
    Maps must not be negative, as after a ReLU (Zeiler & Fergus 2013, arXiv 1301.3557, equations 2 to 6).

    >>> StochasticPool(2).eval()(torch.tensor([[[[3.0, 0.0], [0.0, 1.0]]]])).item()
    2.5
    """

    def forward(self, maps: Tensor) -> Tensor:
        padded = margins(maps, self.size, self.stride, 1, self.padding).pad(maps)
        return self._drawn(padded) if self.training else self._expected(padded)

    def _expected(self, maps: Tensor) -> Tensor:
        squares = functional.avg_pool2d(maps.square(), self.size, self.stride)
        return squares / (functional.avg_pool2d(maps, self.size, self.stride) + TINY)

    def _drawn(self, maps: Tensor) -> Tensor:
        windows = maps.unfold(2, self.size, self.stride).unfold(3, self.size, self.stride).flatten(4)
        # the first of exponential clocks with rates a_i to ring is i with chance a_i / sum(a)
        clocks = torch.empty_like(windows).exponential_() / windows.detach()
        return windows.gather(4, clocks.argmin(4, keepdim=True)).squeeze(4)
