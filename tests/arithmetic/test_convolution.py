"""Convolution arithmetic against printed tables, PyTorch and a loop that counts."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from convscope.arithmetic.convolution import PADDINGS, output_size, padding_amounts, visits
from convscope.errors import BadSpec

TENSORFLOW_SAME = [  # n, kernel, stride, (before, after), outputs
    (224, 7, 2, (2, 3), 112),
    (224, 3, 2, (0, 1), 112),
    (225, 3, 2, (1, 1), 113),
    (224, 11, 4, (3, 4), 56),
    (32, 5, 3, (1, 2), 11),
    (7, 2, 2, (0, 1), 4),
    (10, 4, 1, (1, 2), 10),
]
VISITS = [  # n, kernel, stride, dilation, padding, counts
    (5, 3, 1, 1, "valid", [1, 2, 3, 2, 1]),
    (5, 3, 1, 1, "same", [2, 3, 3, 3, 2]),
    (5, 3, 1, 1, "full", [3] * 5),
    (5, 3, 1, 1, "causal", [3, 3, 3, 2, 1]),
    (8, 5, 1, 1, "valid", [1, 2, 3, 4, 4, 3, 2, 1]),
    (8, 5, 1, 1, "same", [3, 4, 5, 5, 5, 5, 4, 3]),
    (8, 3, 1, 2, "valid", [1, 1, 2, 2, 2, 2, 1, 1]),
    (8, 3, 1, 2, "same", [2, 2, 3, 3, 3, 3, 2, 2]),
    (8, 3, 1, 2, "causal", [3, 3, 3, 3, 2, 2, 1, 1]),
    (9, 4, 2, 1, "full", [2] * 9),
    (9, 3, 2, 1, "full", [2, 1] * 4 + [2]),
    (9, 5, 3, 1, "full", [2, 1, 2, 2, 1, 2, 2, 1, 2]),
]
axes = st.tuples(st.integers(1, 24), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3))


@pytest.mark.parametrize(("n", "kernel", "stride", "amounts", "outputs"), TENSORFLOW_SAME)
def test_same_padding_follows_tensorflow(n, kernel, stride, amounts, outputs):
    assert padding_amounts(n, kernel, stride, padding="same") == amounts
    assert output_size(n, kernel, stride, padding="same") == outputs


@pytest.mark.parametrize(("n", "kernel", "stride", "dilation", "padding", "counts"), VISITS)
def test_visits_match_the_printed_tables(n, kernel, stride, dilation, padding, counts):
    assert list(visits(n, kernel, stride, dilation, padding)) == counts


@given(axes, st.sampled_from((*PADDINGS, 0, 2)))
def test_visits_are_the_gradient_of_a_convolution_of_ones(axis, padding):
    n, kernel, stride, dilation = axis
    before, after = padding_amounts(n, kernel, stride, dilation, padding)
    pixels = torch.ones(1, 1, n, requires_grad=True)
    padded = functional.pad(pixels, (before, after))
    if padded.shape[2] < dilation * (kernel - 1) + 1:
        assert output_size(n, kernel, stride, dilation, padding) == 0
        return
    out = functional.conv1d(padded, torch.ones(1, 1, kernel), stride=stride, dilation=dilation)
    out.sum().backward()
    assert output_size(n, kernel, stride, dilation, padding) == out.shape[2]
    assert list(visits(n, kernel, stride, dilation, padding)) == pixels.grad[0, 0].tolist()


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 3))
def test_full_padding_at_stride_one_visits_every_pixel_equally(n, kernel, dilation):
    assert set(visits(n, kernel, 1, dilation, "full")) == {kernel}


@given(st.integers(1, 12), st.integers(1, 5))
def test_causal_outputs_see_no_later_input(n, kernel):
    before, after = padding_amounts(n, kernel, padding="causal")
    assert output_size(n, kernel, padding="causal") == n
    assert [start + kernel - 1 for start in range(-before, n - before)] == list(range(n))
    assert after == 0


def test_an_unknown_padding_is_refused_with_the_choices():
    with pytest.raises(BadSpec, match=r"unknown padding 'half': choose valid, same, full, causal"):
        output_size(5, 3, padding="half")


@pytest.mark.parametrize(("n", "kernel", "stride", "outputs"), [(110, 3, 2, 54), (26, 3, 2, 12)])
def test_pooling_rounds_down(n, kernel, stride, outputs):
    assert output_size(n, kernel, stride) == outputs
