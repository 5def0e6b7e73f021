"""L2 and stochastic pooling against literal loops, response normalisation against its equation."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.nets.padding import Convolution
from convscope.nets.pooling import L2Pool, StochasticPool
from convscope.nets.response import ResponseNorm

MAPS = torch.randn(2, 3, 9, 8, generator=torch.Generator().manual_seed(0)).relu()
SLIDES = [(2, 2, "valid"), (3, 2, "same"), (2, 1, "full"), (3, 3, 1)]


def windows(maps: torch.Tensor, size: int, stride: int, padding) -> list[list[torch.Tensor]]:
    """Every window ``[N, C, size * size]`` by slicing, rows of columns; padding by hand."""
    by_hand = {"valid": (0, 0, 0, 0), "full": (1, 1, 1, 1), "same": (0, 1, 1, 1), 1: (1, 1, 1, 1)}
    maps = functional.pad(maps, by_hand[padding])
    height, width = maps.shape[2:]
    return [
        [maps[:, :, y : y + size, x : x + size].flatten(2) for x in range(0, width - size + 1, stride)]
        for y in range(0, height - size + 1, stride)
    ]


@pytest.mark.parametrize("slide", SLIDES)
def test_l2_is_the_root_of_the_sum_of_squares(slide):
    signed = MAPS - 0.5
    pooled = L2Pool(*slide)(signed)
    for y, row in enumerate(windows(signed, *slide)):
        for x, window in enumerate(row):
            torch.testing.assert_close(pooled[:, :, y, x], (window**2).sum(2) ** 0.5)


def test_l2_equals_pytorch_and_its_slope_stays_finite_where_pytorchs_does_not():
    torch.testing.assert_close(L2Pool(2)(MAPS), nn.LPPool2d(2, 2)(MAPS), atol=2e-6, rtol=1e-5)
    silent = torch.zeros(1, 1, 2, 2, requires_grad=True)
    L2Pool(2)(silent).sum().backward()
    assert silent.grad.tolist() == [[[[0, 0], [0, 0]]]]


@pytest.mark.parametrize("slide", SLIDES)
def test_stochastic_evaluates_to_the_mean_weighted_by_chances(slide):
    pooled = StochasticPool(*slide).eval()(MAPS)
    for y, row in enumerate(windows(MAPS, *slide)):
        for x, window in enumerate(row):
            chances = torch.nan_to_num(window / window.sum(2, keepdim=True))
            torch.testing.assert_close(pooled[:, :, y, x], (chances * window).sum(2))


def test_stochastic_draws_each_value_as_often_as_its_size_says():
    torch.manual_seed(0)
    maps = torch.tensor([[1.0, 2.0], [0.0, 5.0]]).expand(20_000, 1, 2, 2)
    drawn = StochasticPool(2).train()(maps)
    shares = [float((drawn == value).float().mean()) for value in (0.0, 1.0, 2.0, 5.0)]
    assert shares == pytest.approx([0, 1 / 8, 2 / 8, 5 / 8], abs=0.015)  # four standard deviations


def test_a_silent_window_stays_silent_and_the_slope_goes_to_what_was_drawn():
    pool = StochasticPool(2).train()
    maps = torch.tensor([[[[0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]]]], requires_grad=True)
    drawn = pool(maps)
    drawn.sum().backward()
    assert drawn.flatten().tolist() == [0, 3]
    assert maps.grad[0, 0, 0, 2] == 1


def test_response_normalisation_sums_squares_over_five_maps():
    maps = torch.randn(1, 7, 2, 2, generator=torch.Generator().manual_seed(1)) * 30
    normal = ResponseNorm()(maps)
    for at in range(7):
        energy = sum(maps[0, j] ** 2 for j in range(max(0, at - 2), min(6, at + 2) + 1))
        torch.testing.assert_close(normal[0, at], maps[0, at] / (2 + 1e-4 * energy) ** 0.75)


@pytest.mark.parametrize("dilation", [1, 2])
def test_full_padding_at_stride_one_visits_every_pixel_equally_often(dilation):
    image = torch.zeros(1, 1, 7, 6, requires_grad=True)
    ones = Convolution(1, 1, 3, dilation=dilation, padding="full", bias=False)
    nn.init.ones_(ones.weight)
    ones(image).sum().backward()
    assert (image.grad == 9).all()


def test_same_padding_does_not():
    image = torch.zeros(1, 1, 5, 5, requires_grad=True)
    ones = Convolution(1, 1, 3, padding="same", bias=False)
    nn.init.ones_(ones.weight)
    ones(image).sum().backward()
    assert image.grad[0, 0, 0].tolist() == [4, 6, 6, 6, 4]


def test_groups_equal_pytorchs():
    ours, theirs = Convolution(4, 6, 3, groups=2), nn.Conv2d(4, 6, 3, padding=1, groups=2)
    theirs.load_state_dict(ours.state_dict())
    maps = torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(ours(maps), theirs(maps))
    assert "groups=2" in repr(ours)
