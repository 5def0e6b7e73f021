"""Settings of a shift study, and what its numbers may say."""

import numpy as np
import pytest
from scipy.stats import sem

from convscope.errors import BadSpec
from convscope.plain.shift_finding import difference
from convscope.plain.shifts import LayerChange, Reaction, Shift, Shifts

CHANCE = np.random.default_rng(0)


@pytest.mark.parametrize(("by", "steps"), [("0..3", (0, 1, 2, 3)), ("4", (4,)), ("8, 0,2", (0, 2, 8))])
def test_shifts_are_written_as_a_range_or_a_list(by, steps):
    assert Shift(by=by).steps == steps


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"by": "-1..3"}, "cannot read by '-1..3': write pixels as 0..8"),
        ({"by": "5..2"}, "by is '5..2', which holds no shift"),
        ({"axis": "z"}, "axis is 'z': choose x, y, both"),
        ({"border": "black"}, "border is 'black': choose reflect, edge, wrap"),
        ({"sample": 0}, "sample is 0: choose a number from 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(setting, words):
    with pytest.raises(BadSpec, match=words):
        Shift(**setting)


def test_a_difference_is_paired_and_has_the_standard_error_of_scipy():
    mine, theirs = CHANCE.normal(size=(2, 7, 3))
    apart = (mine - theirs).mean(axis=1)
    assert difference(mine, theirs) == pytest.approx((apart.mean(), sem(apart)))


def test_a_difference_leaves_out_what_is_not_defined():
    mine = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, np.nan]])
    assert difference(mine, np.zeros((3, 2))) == pytest.approx((2.5, 1.5))
    assert difference(mine[2:], mine[2:])[1] == np.inf


def reaction(name: str, change: np.ndarray, shape: tuple[int, ...] = (4, 8, 8)) -> Reaction:
    layers = [
        LayerChange("pool1", shape, (2, 2), change, change),
        LayerChange("logits", (3,), None, change, change),
    ]
    return Reaction(name, 10, {layer.name: layer for layer in layers}, change, change < 9)


def shifts(mine: Reaction, twin: Reaction | None) -> Shifts:
    return Shifts(Shift(by="0..2"), ("a",) * 20, 20, (16, 16), mine, twin)


NOISE = CHANCE.normal(0, 0.01, (20, 3))


@pytest.mark.parametrize(
    ("other", "verdict"),
    [(0.5, "strided changes less."), (1.5, "pooled changes less."), (1.0, "no clear difference.")],
)
def test_the_finding_calls_a_difference_only_what_is_clear(other, verdict):
    noise = CHANCE.normal(0, 0.01, (20, 3))
    noise -= noise.mean() - NOISE.mean()
    seen = shifts(reaction("pooled", 1 + NOISE), reaction("strided", other + noise))
    assert seen.finding.endswith(verdict)
    assert seen.finding.startswith(
        "Over 20 pictures moved 1 to 2 pixels to the right, the class scores of pooled"
    )
    assert "another seed may differ" in seen.details


def test_layers_pair_only_where_all_sizes_agree():
    mine = reaction("pooled", 1 + NOISE)
    same = shifts(mine, reaction("strided", 1 + NOISE))
    assert [theirs is not None for _, theirs in same.pairs] == [True, True]
    other = shifts(mine, reaction("strided", 1 + NOISE, (4, 7, 7)))
    assert [theirs is not None for _, theirs in other.pairs] == [False, True]


def test_means_leave_out_what_is_not_defined_and_json_says_null(tmp_path):
    change = np.array([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan]])
    written = shifts(reaction("pooled", change), None).as_dict()
    assert written["models"][0]["layers"][0]["change"] == [2.0, None, 2.0]
    assert shifts(reaction("pooled", 1 + NOISE), None).save(tmp_path).name == "index.html"
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "shift.svg", "shift.json"}
