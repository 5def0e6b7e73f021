import math

import numpy as np
import pytest

from convscope.errors import BadSpec
from convscope.plain.share import Share
from convscope.plain.squares import elsewhere, square_around
from convscope.plain.why import Inquiry, Trial, judge


def test_the_interval_solves_wilsons_equation():
    """Its edges are the p for which (rate - p)^2 = z^2 p (1 - p) / n: the roots of a quadratic."""
    for count, total in ((0, 10), (3, 7), (64, 64), (212, 340)):
        rate, z = count / total, 1.959964
        roots = np.roots([1 + z * z / total, -(2 * rate + z * z / total), rate * rate])
        np.testing.assert_allclose(Share(count, total).interval, sorted(roots.real), atol=1e-9)


def test_of_nothing_nothing_is_known():
    assert Share(0, 0).interval == (0, 1)
    assert math.isnan(Share(0, 0).rate)
    assert str(Share(0, 0)) == "0 of 0"


def test_one_share_is_above_another_where_their_intervals_lie_apart():
    assert Share(46, 66).above(Share(1, 66))
    assert not Share(9, 10).above(Share(6, 10))
    assert not Share(3, 3).above(Share(0, 0))


def trials(**speaks: bool | None) -> tuple[Trial, ...]:
    return tuple(Trial(name, "", said, "", "", "", {}) for name, said in speaks.items())


@pytest.mark.parametrize(
    ("paste", "others", "verdict"),
    [
        (True, (True, True, True), "supported"),
        (True, (True, True, None), "supported"),
        (True, (True, False, True), "supported"),
        (True, (True, False, False), "not supported"),
        (True, (True, False, None), "not supported"),
        (True, (True, None, None), "not tested"),
        (False, (True, True, True), "not supported"),
        (None, (True, True, True), "not tested"),
    ],
)
def test_the_verdict_follows_its_rule(paste, others, verdict):
    cover, ablate, counter = others
    assert judge(trials(cover=cover, ablate=ablate, paste=paste, counter=counter)) == verdict


def test_a_square_elsewhere_shares_no_pixel():
    rng, avoid = np.random.default_rng(0), (6, 8, 10, 12)
    for _ in range(300):
        left, top, right, bottom = elsewhere(rng, 4, 20, 16, avoid)
        grid = np.zeros((20, 16), int)
        grid[8:12, 6:10] += 1
        grid[top:bottom, left:right] += 1
        assert grid.max() == 1
        assert (right - left, bottom - top) == (4, 4)


def test_a_square_stays_inside():
    assert square_around((0, 0), 4, 12, 12) == (0, 0, 4, 4)
    assert square_around((11.5, 6), 4, 12, 12) == (4, 8, 8, 12)


def test_settings_out_of_range_are_named():
    with pytest.raises(BadSpec, match="pasted=0 is out of range: choose 1 to 1000"):
        Inquiry(pasted=0)
