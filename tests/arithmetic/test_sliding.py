"""Convolution, pooling and rectifying number by number, against torch.nn.functional in float64."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from convscope.arithmetic import sliding
from convscope.arithmetic.convolution import PADDINGS
from convscope.arithmetic.steps import Step, read_padding, read_position, read_steps
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec

paddings = st.sampled_from((*PADDINGS, 0, 1, 3, (0, 2), (3, 1)))
windows = st.builds(Window, st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), paddings)
sizes = st.tuples(st.integers(1, 3), st.integers(1, 13), st.integers(1, 13))


def numbers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


@settings(deadline=None, max_examples=120)
@given(sizes, windows, windows, st.integers(0, 99))
def test_convolution_is_torchs_for_every_padding_stride_and_dilation(shape, rows, columns, seed):
    maps, kernel = numbers(shape, seed), numbers((shape[0], rows.kernel, columns.kernel), seed)
    assume(rows.outputs(shape[1]) and columns.outputs(shape[2]))
    padded = functional.pad(
        torch.from_numpy(maps)[None], (*columns.amounts(shape[2]), *rows.amounts(shape[1]))
    )
    theirs = functional.conv2d(
        padded, torch.from_numpy(kernel)[None], None, (rows.stride, columns.stride), 0,
        (rows.dilation, columns.dilation),
    )  # fmt: skip
    ours = sliding.convolve(maps, kernel, rows, columns)
    np.testing.assert_allclose(ours, theirs[0, 0], rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=80)
@given(sizes, st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.booleans())
def test_pools_are_torchs_in_floor_and_ceil_mode(shape, kernel, stride, padding, ceil):
    window, values = Window(kernel, stride, padding=padding, ceil=ceil), numbers(shape[1:])
    assume(padding <= kernel // 2)
    assume(all(window.outputs(n) for n in values.shape))
    given_to = torch.from_numpy(values)[None, None]
    largest = functional.max_pool2d(given_to, kernel, stride, padding, ceil_mode=ceil)
    mean = functional.avg_pool2d(given_to, kernel, stride, padding, ceil)
    np.testing.assert_array_equal(sliding.pool(values, "max", window, window), largest[0, 0])
    np.testing.assert_allclose(sliding.pool(values, "avg", window, window), mean[0, 0], rtol=1e-12)


def test_steps_are_torchs():
    values = numbers((9, 7))
    tensor = torch.from_numpy(values)[None, None]
    theirs = {
        "relu": functional.relu(tensor),
        "max2": functional.max_pool2d(tensor, 2),
        "avg3s2": functional.avg_pool2d(tensor, 3, 2),
        "max3s2:1": functional.max_pool2d(tensor, 3, 2, 1),
        "avg2:ceil": functional.avg_pool2d(tensor, 2, ceil_mode=True),
    }
    for step, name in zip(read_steps(",".join(theirs)), theirs, strict=True):
        assert step.name == name
        np.testing.assert_allclose(step(values), theirs[name][0, 0], rtol=1e-12)


def test_steps_are_read():
    assert read_steps("relu, max3s2:1,2") == (Step("relu"), Step("max3s2:1,2", Window(3, 2, padding=(1, 2))))
    assert read_steps("") == read_steps(()) == ()
    with pytest.raises(BadSpec, match="cannot read step 'softmax': write relu, max2, avg2"):
        read_steps("relu,softmax")
    with pytest.raises(BadSpec, match="cannot read step 'max0'"):
        read_steps("max0")
    with pytest.raises(BadSpec, match="unknown padding 'some'"):
        read_steps("max2:some")
    with pytest.raises(BadSpec, match="max5 does not fit a map of 4 x 9"):
        read_steps("max5")[0](np.zeros((4, 9)))


def test_paddings_and_positions_are_read():
    assert [read_padding(text) for text in ("same", "2", "1,2")] == ["same", 2, (1, 2)]
    assert read_padding("1,2,3") == "1,2,3"  # refused by name where it is used
    assert read_position("10,57") == (10, 57)
    with pytest.raises(BadSpec, match="cannot read position '3': write Y,X"):
        read_position("3")


@pytest.mark.parametrize("window", [Window(3), Window(3, 2, padding="same"), Window(2, 3, 2, "full")])
def test_a_pixels_readers_are_the_positions_whose_span_covers_it(window):
    n = 11
    for at in range(n):
        covered = [
            unit
            for unit in range(window.outputs(n))
            if window.start(unit, n) <= at < window.start(unit, n) + window.reach
        ]
        assert list(window.readers(at, n)) == covered
