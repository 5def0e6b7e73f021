"""The theory of effective receptive fields against the paper's numbers and a walk at random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.arithmetic.effective import effective_width, spread, uniform_profile, uniform_variance
from convscope.arithmetic.recurrence import chain
from convscope.arithmetic.window import Window


@pytest.mark.parametrize(
    ("kernel", "layers", "size", "width", "sigma"),
    [(3, 5, 11, 9, 1.826), (3, 10, 21, 13, 2.582), (3, 20, 41, 19, 3.651), (3, 40, 81, 25, 5.164), (7, 5, 31, 23, 4.472)],
)  # fmt: skip
def test_uniform_stacks(kernel, layers, size, width, sigma):
    profile = uniform_profile([Window(kernel)] * layers)
    assert (len(profile), effective_width(profile)) == (size, width)
    assert spread(profile) == pytest.approx(sigma, abs=5e-4)
    assert uniform_variance([Window(kernel)] * layers) == pytest.approx(layers * (kernel**2 - 1) / 12)


def test_the_trinomial_profile():
    np.testing.assert_allclose(uniform_profile([Window(3)] * 3) * 27, [1, 3, 6, 7, 6, 3, 1])


@settings(deadline=None)
@given(
    st.lists(
        st.builds(Window, st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=5
    )
)
def test_variance_and_size_hold_for_strides_and_dilations(windows):
    profile = uniform_profile(windows)
    assert len(profile) == chain(windows)[-1].size
    assert profile.sum() == pytest.approx(1)
    assert spread(profile) ** 2 == pytest.approx(uniform_variance(windows), abs=1e-9)


def test_an_empty_profile_has_no_width():
    assert (effective_width(np.zeros(5)), spread(np.zeros(5))) == (0, 0.0)
