"""Named padding against PyTorch's own layers and against padding done by hand."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.nets.padding import AveragePool, Convolution, MaxPool

IMAGE = torch.randn(2, 3, 13, 10, generator=torch.Generator().manual_seed(0))


@pytest.mark.filterwarnings("ignore:Using padding=.same. with even kernel")  # PyTorch, of its own layer
@pytest.mark.parametrize("kernel", [2, 3, 5])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_at_stride_one_equals_pytorch_same(kernel, dilation):
    ours = Convolution(3, 4, kernel, dilation=dilation, padding="same")
    theirs = nn.Conv2d(3, 4, kernel, dilation=dilation, padding="same")
    theirs.load_state_dict(ours.state_dict())
    torch.testing.assert_close(ours(IMAGE), theirs(IMAGE))


@pytest.mark.parametrize(
    ("padding", "kernel", "stride", "by_hand"),  # by_hand: left, right, top, bottom
    [
        ("valid", 3, 2, (0, 0, 0, 0)),
        ("full", 3, 1, (2, 2, 2, 2)),
        ("causal", 3, 1, (2, 0, 2, 0)),
        ("same", 4, 3, (1, 2, 1, 2)),  # 10 -> 4, 13 -> 5: three zeros each, one before
        (1, 3, 2, (1, 1, 1, 1)),
    ],
)
def test_convolution_equals_zeros_added_by_hand(padding, kernel, stride, by_hand):
    layer = Convolution(3, 4, kernel, stride, padding=padding)
    padded = functional.pad(IMAGE, by_hand)
    expected = functional.conv2d(padded, layer.weight, layer.bias, stride)
    torch.testing.assert_close(layer(IMAGE), expected)


def test_padding_follows_the_input_at_every_call():
    layer = Convolution(3, 4, kernel=3, stride=2, padding="same")
    assert layer(torch.zeros(1, 3, 7, 8)).shape == (1, 4, 4, 4)
    assert layer(torch.zeros(1, 3, 9, 64)).shape == (1, 4, 5, 32)


def test_symmetric_padding_costs_no_extra_operation():
    layer = Convolution(1, 1, kernel=3, padding="full")
    graph = layer(torch.zeros(1, 1, 5, 5, requires_grad=True)).grad_fn
    assert "AccumulateGrad" in type(graph.next_functions[0][0]).__name__


@pytest.mark.parametrize("padding", ["same", "full", "causal"])
def test_padding_never_wins_the_maximum(padding):
    negative = -1 - IMAGE.abs()
    pooled = MaxPool(3, stride=2, padding=padding)(negative)
    assert torch.isin(pooled, negative).all()


@pytest.mark.parametrize("size", [2, 3])
def test_valid_pooling_equals_pytorch(size):
    torch.testing.assert_close(MaxPool(size)(IMAGE), nn.MaxPool2d(size)(IMAGE))
    torch.testing.assert_close(AveragePool(size)(IMAGE), nn.AvgPool2d(size)(IMAGE))


def test_average_counts_padded_zeros():
    ones = torch.ones(1, 1, 3, 3)
    corner = AveragePool(2, stride=1, padding="full")(ones)[0, 0, 0, 0]
    assert corner.item() == 0.25
