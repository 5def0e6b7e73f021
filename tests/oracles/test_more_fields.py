"""Operations beyond convolution and pooling: their receptive fields against the probe with NaN."""

from collections.abc import Callable

import pytest
import torch
from nan_probe import poisoned
from torch import Tensor, nn
from torch.nn import functional

from convscope.model.model import Model
from convscope.plain.fit import Fit


class Between(nn.Module):
    """A step between two convolutions, so that what it says of every position is used."""

    def __init__(self, step: Callable[[Tensor], Tensor], channels: int = 4) -> None:
        super().__init__()
        self.first, self.step = nn.Conv2d(3, 4, 3, stride=2, padding=1), step
        self.second = nn.Conv2d(channels, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.step(torch.relu(self.first(x)))).flatten(1)


def scaled(mode: str, **settings) -> Callable[[Tensor], Tensor]:
    return lambda x: functional.interpolate(x, mode=mode, **settings)


def attention_over_channels(x: Tensor) -> Tensor:
    """Efficient channel attention: a convolution that slides over channels."""
    means = x.mean((2, 3)).unsqueeze(1)
    return x * torch.conv1d(means, torch.ones(1, 1, 3), padding=1).view(-1, 4, 1, 1)


def split_attention(x: Tensor) -> Tensor:
    """ResNeSt: two halves of the channels, weighed by a softmax over what both are on average."""
    halves = x.reshape(len(x), 2, 2, *x.shape[2:])
    weights = x.mean((2, 3), keepdim=True).view(len(x), 1, 2, 2).transpose(1, 2).softmax(1)
    joined = (halves * weights.reshape(len(x), 2, 2, 1, 1)).sum(1)
    return torch.cat([joined, joined], 1)


STEPS: dict[str, Callable[[Tensor], Tensor]] = {
    "nearest, twice": scaled("nearest", scale_factor=2),
    "nearest, odd": scaled("nearest", size=(11, 17)),
    "nearest-exact": scaled("nearest-exact", size=(11, 5)),
    "bilinear": scaled("bilinear", scale_factor=2),
    "bilinear, corners": scaled("bilinear", size=(13, 5), align_corners=True),
    "bilinear, smaller": scaled("bilinear", size=(4, 3)),
    "bicubic": scaled("bicubic", size=(13, 15)),
    "area": scaled("area", size=(3, 4)),
    "shuffle": lambda x: functional.pixel_unshuffle(functional.pixel_shuffle(x, 2), 2),
    "flip": lambda x: torch.flip(x, (2,)),
    "narrow": lambda x: x.narrow(2, 1, 5),
    "batch of one": nn.BatchNorm2d(4, track_running_stats=False),
    "layer norm over columns": nn.LayerNorm(9),
    "softmax over rows": lambda x: x.softmax(2),
    "dense along columns": nn.Linear(9, 6),
    "gate": lambda x: x * x.mean((2, 3))[:, :, None, None].sigmoid(),
    "stacked and weighed": lambda x: torch.stack([x, -x], 1).softmax(1).sum(1),
    "split attention": split_attention,
    "attention over channels": attention_over_channels,
    "maximum of channels": lambda x: x * x.max(1, keepdim=True)[0],
    "response norm of the whole": lambda x: x * (x.norm(p=2, dim=(2, 3), keepdim=True) + 1),
}  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_the_probe_agrees(step: str) -> None:
    torch.manual_seed(0)
    model = Model(Between(STEPS[step]), fit=Fit(15, 18), mean=(0.0,) * 3, std=(1.0,) * 3)
    assert all(layer.field.exact for layer in model.layers.values())
    equals_probe(model, ["second"])


def equals_probe(model: Model, names: list[str]) -> None:
    for axis, which in ((0, "rows"), (1, "columns")):
        reached = poisoned(model, names, axis)
        for name in names:
            intervals = getattr(model.layers[name].field, which)
            for place, pixels in enumerate(reached[name]):
                hits = pixels.nonzero()[0]
                seen = (int(hits[0]), int(hits[-1]) + 1) if len(hits) else (0, 0)
                assert seen == tuple(intervals[place if len(intervals) > 1 else 0]), (name, which, place)


def written_through_a_view(x: Tensor) -> Tensor:
    x[:, :2].add_(torch.roll(x[:, 2:], 3, 2))
    return x * 1


def base_written_under_a_view(x: Tensor) -> Tensor:
    view = x[:, :, :]
    x += x.mean((2, 3), keepdim=True)
    return view * 1


LOOSE: dict[str, Callable[[Tensor], Tensor]] = {
    "cut into blocks": lambda x: x.view(-1, 4, 4, 2, 9).transpose(2, 3).reshape(-1, 4, 8, 9),
    "attention": lambda x: (lambda t: (t @ t.transpose(1, 2)).softmax(-1) @ t)(x.flatten(2)).view_as(x),
    "written through a view": written_through_a_view,
    "base written under a view": base_written_under_a_view,
    "roll": lambda x: torch.roll(x, 1, 2),
}  # fmt: skip


@pytest.mark.parametrize("step", LOOSE)
def test_what_is_not_known_is_an_upper_bound_and_says_so(step: str) -> None:
    model = Model(Between(LOOSE[step]), fit=Fit(16, 18), mean=(0.0,) * 3, std=(1.0,) * 3)
    assert not model.layers["second"].field.exact
    assert model.layers["second"].field.at(3, 3) == (0, 0, 18, 16)
