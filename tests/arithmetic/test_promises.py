"""Broken promises against the printed tables, and against counts taken with PyTorch."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from convscope.arithmetic.convolution import PADDINGS, padding_amounts
from convscope.arithmetic.promises import broken_promises


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ((224, 7, 2, 1, "same"), r"only at stride 1: at stride 2, 224 becomes ceil\(224 / 2\) = 112"),
        ((9, 3, 2, 1, "full"), "kernel 3 at stride 2 visits them 2, 1, 2, 1, 2, 1, 2, 1, … times"),
        ((9, 5, 3, 1, "full"), "visits them 2, 1, 2, 2, 1, 2, 2, 1, … times"),
        ((224, 11, 4, 1, 2), "4 does not divide 11: .* 3, 3, 3, 2 times in turn.* checkerboard"),
        ((56, 1, 2, 1, 0), "kernel 1 at stride 2 never reads 27 of 56 pixels"),
        (
            (10, 2, 3, 1, "valid"),
            "never reads 2 of 10 pixels: it visits them 1, 1, 0, 1, 1, 0, 1, 1, … times",
        ),
        ((55, 2, 2, 1, "valid"), "the last pixel is dropped: from 55, steps of 2"),
        ((224, 7, 2, 1, 3), "gives 112 .* starts at -3, TensorFlow's at -2: .* shifted by 1 pixel "),
        ((224, 11, 4, 1, 5), "starts at -5, TensorFlow's at -3: .* shifted by 2 pixels"),
        ((10, 4, 1, 1, (2, 1)), "gives 10 outputs as same does"),
        ((5, 7, 1, 1, "valid"), "the kernel spans 7 pixels, 2 more than there are: no output"),
        ((9, 4, 2, 2, "full"), "and nothing is dilated: .*, dilation 2, visits them 4, 0, 4, 0"),
    ],
)
def test_a_broken_promise_is_said_with_its_numbers(axis, said):
    assert [s for s in broken_promises(*axis) if re.search(said, s)]


def test_pixels_dropped_at_the_end_are_not_said_twice():
    assert len(broken_promises(55, 2, 2)) == 1


@pytest.mark.parametrize(
    "axis",
    [
        (32, 3, 1, 1, "same"),
        (32, 3, 1, 2, "full"),
        (9, 4, 2, 1, "full"),
        (9, 6, 3, 1, "full"),
        (56, 2, 2, 1, "valid"),
        (32, 5, 1, 1, 2),
        (10, 4, 1, 1, (1, 2)),
        (8, 3, 1, 1, "causal"),
        (3, 3, 5, 1, "valid"),
    ],
)
def test_nothing_is_said_where_all_promises_hold(axis):
    assert broken_promises(*axis) == ()


@settings(deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from((*PADDINGS, 1)),
)
def test_what_is_said_to_be_read_is_read_by_pytorch(n, kernel, stride, dilation, padding):
    pixels = torch.ones(1, 1, n, requires_grad=True)
    padded = functional.pad(pixels, padding_amounts(n, kernel, stride, dilation, padding))
    said = " ".join(broken_promises(n, kernel, stride, dilation, padding))
    if padded.shape[2] < dilation * (kernel - 1) + 1:
        assert "no output" in said
        return
    functional.conv1d(padded, torch.ones(1, 1, kernel), stride=stride, dilation=dilation).sum().backward()
    unread = pixels.grad[0, 0] == 0
    assert ("never reads" in said or "dropped" in said) == bool(unread.any())
    assert ("dropped" in said) == bool(unread[-1] and _beyond(n, kernel, stride, dilation, padding))


def _beyond(n: int, kernel: int, stride: int, dilation: int, padding: object) -> bool:
    """Whether the last window ends before the last pixel, by walking."""
    before, after = padding_amounts(n, kernel, stride, dilation, padding)
    start, end = -before, 0
    while start + dilation * (kernel - 1) < n + after:
        end = start + dilation * (kernel - 1)
        start += stride
    return end < n - 1
