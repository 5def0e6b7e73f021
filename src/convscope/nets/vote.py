"""Several networks that answer as one."""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.errors import BadModel

By = Literal["plurality", "mean"]


class Vote(nn.Module):
    """Networks for the same input and classes, as one: by the plurality of their votes, or the mean of their chances.

    A member votes for its likeliest class. The class with most votes wins; among equals the one whose mean
    probability is higher. Scores ``[N, classes]`` are logarithms, so that their softmax is the mean
    probability, or by plurality the share of the votes with the mean probability as one more voter.
    Members are trained one by one (Nielsen, chapter 6: five networks, 99.67 %).

    >>> Vote([nn.Flatten(), nn.Flatten()])(torch.tensor([[0.0, 1.0]])).argmax().item()
    1
    """

    def __init__(self, members: Iterable[nn.Module], by: By = "plurality"):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.by = by
        if not len(self.members):
            raise BadModel("a vote needs at least one network: give Vote a list of modules")
        if by not in ("plurality", "mean"):
            raise BadModel(f"unknown way to vote {by!r}: choose plurality or mean")

    def forward(self, images: Tensor) -> Tensor:
        """Scores of images ``[N, C, H, W]``."""
        chances = torch.stack([torch.softmax(member(images), 1) for member in self.members])
        mean = chances.mean(0)
        if self.by == "mean":
            return mean.log()
        votes = functional.one_hot(chances.argmax(2), chances.shape[2]).sum(0)
        return ((votes + mean) / (len(self.members) + 1)).log()
