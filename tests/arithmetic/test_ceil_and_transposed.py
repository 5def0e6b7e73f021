"""Ceil mode, PyTorch's own ``same``, transposed convolution: all against PyTorch."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from convscope.arithmetic.convolution import (
    PADDINGS,
    dropped,
    output_size,
    padding_amounts,
    size_formula,
    visits,
)
from convscope.arithmetic.transposed import restoring_output_padding, transposed_size
from convscope.errors import BadSpec

axes = st.tuples(st.integers(1, 24), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3))


@pytest.mark.parametrize(
    ("n", "padding", "floor", "ceil"), [(110, 0, 54, 55), (26, 0, 12, 13), (13, 0, 6, 6), (112, 1, 56, 57)]
)
def test_the_sheets_floor_and_ceil_rows(n, padding, floor, ceil):
    assert output_size(n, 3, 2, padding=padding) == floor
    assert output_size(n, 3, 2, padding=padding, ceil=True) == ceil


@settings(deadline=None)
@given(axes, st.integers(0, 3), st.booleans())
def test_pooling_sizes_are_pytorchs(axis, padding, ceil):
    n, kernel, stride, dilation = axis
    assume(padding <= kernel // 2)
    try:
        size = functional.max_pool1d(torch.zeros(1, 1, n), kernel, stride, padding, dilation, ceil).shape[2]
    except RuntimeError:  # PyTorch makes no empty maps
        size = 0
    assert output_size(n, kernel, stride, dilation, padding, ceil=ceil) == size


@settings(deadline=None)
@given(st.integers(1, 24), st.integers(1, 7), st.integers(1, 4), st.booleans())
def test_visits_and_drops_of_a_ceil_pool_are_those_of_average_pooling(n, kernel, stride, ceil):
    assume(n >= kernel)
    pixels = torch.ones(1, 1, n, requires_grad=True)
    windows = functional.avg_pool1d(pixels, kernel, stride, 0, ceil, count_include_pad=False)
    windows.sum().backward()
    read = (pixels.grad[0, 0] > 0).tolist()
    counts = visits(n, kernel, stride, ceil=ceil)
    assert [count > 0 for count in counts] == read
    assert dropped(n, kernel, stride, ceil=ceil) <= read[::-1].index(True)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@settings(deadline=None, max_examples=40)
@given(st.integers(2, 20), st.integers(1, 6), st.integers(1, 3))
def test_same_of_pytorch_is_pytorchs(n, kernel, dilation):
    weights = torch.rand(1, 1, kernel, dtype=torch.float64)
    pixels = torch.rand(1, 1, n, dtype=torch.float64)
    padded = functional.pad(pixels, padding_amounts(n, kernel, 1, dilation, "same-pytorch"))
    ours = functional.conv1d(padded, weights, dilation=dilation)
    torch.testing.assert_close(ours, functional.conv1d(pixels, weights, padding="same", dilation=dilation))


def test_same_of_pytorch_refuses_a_stride_as_pytorch_does():
    with pytest.raises(
        RuntimeError, match="padding='same' is not supported for strided convolutions"
    ) as theirs:
        functional.conv1d(torch.zeros(1, 1, 224), torch.zeros(1, 1, 7), stride=2, padding="same")
    with pytest.raises(BadSpec, match=str(theirs.value)):
        padding_amounts(224, 7, 2, padding="same-pytorch")
    with pytest.raises(BadSpec, match=r"choose 'same-tensorflow' \(2 before, 3 after\) or 3 pixels per side"):
        padding_amounts(224, 7, 2, padding="same-pytorch")
    assert padding_amounts(224, 7, 2, padding="same-tensorflow") == (2, 3)


@pytest.mark.parametrize("padding", [-1, (1, -2), (1, 2, 3), "half"])
def test_a_padding_that_is_none_is_refused(padding):
    with pytest.raises(BadSpec, match=r"unknown padding .* two \(before, after\)"):
        padding_amounts(9, 3, padding=padding)


@settings(deadline=None)
@given(axes, st.sampled_from((*PADDINGS, 2, (0, 3))))
def test_the_written_formula_is_arithmetic(axis, padding):
    written, _, result = size_formula(*axis, padding).partition(" = ")
    inside, _, rest = written.removeprefix("floor(").partition(") / ")
    numerator, stride = sum(_terms(inside.removeprefix("("))), int(rest.split(")")[0])
    assert max(numerator // stride + 1, 0) == int(result) == output_size(*axis, padding)


def _terms(text: str) -> list[int]:
    """n + before + after - reach, where the reach may be written out."""
    n, before, after = (int(part) for part in text.split(" - ")[0].split(" + ", 2))
    reach = text.split(" - ", 1)[1]
    if reach.startswith("("):
        dilation, kernel = int(reach[1:].split(" * ")[0]), int(reach.split("(")[2].split(" - ")[0])
        return [n, before, after, -(dilation * (kernel - 1) + 1)]
    return [n, before, after, -int(reach)]


@settings(deadline=None)
@given(axes, st.integers(0, 2), st.integers(0, 2))
def test_transposed_sizes_are_pytorchs(axis, padding, extra):
    n, kernel, stride, dilation = axis
    try:
        size = functional.conv_transpose1d(
            torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), None, stride, padding, extra, 1, dilation
        ).shape[2]
    except RuntimeError:
        with pytest.raises(BadSpec, match=r"output_padding is \d|leaves -?\d+: pad less"):
            transposed_size(n, kernel, stride, dilation, padding, extra)
        return
    assert transposed_size(n, kernel, stride, dilation, padding, extra) == size


@settings(deadline=None)
@given(axes, st.sampled_from((*PADDINGS, 2, (0, 3))))
def test_output_padding_restores_the_size(axis, padding):
    n, kernel, stride, dilation = axis
    outputs = output_size(*axis, padding)
    assume(outputs)
    amounts, extra = padding_amounts(*axis, padding), restoring_output_padding(*axis, padding)
    assert transposed_size(outputs, kernel, stride, dilation, amounts, extra) == n
