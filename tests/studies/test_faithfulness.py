"""Deletion and insertion, against every order there is and against what must hold."""

from itertools import permutations

import numpy as np
import pytest
import torch
from small_networks import photo, pooled, wrap
from torch import nn

from convscope.errors import Unanswerable
from convscope.lenses.gradient_times_input import GradientTimesInput
from convscope.lenses.integrated_gradients import IntegratedGradients
from convscope.plain.boxes import Box
from convscope.plain.unit import Unit
from convscope.studies.faithfulness import area, faithfulness, ranked, shifted


def linear(height: int, width: int):
    """One positive weight a pixel, all different."""
    model = wrap(nn.Sequential(nn.Flatten(), nn.Linear(height * width, 2, bias=False)), (1, height, width))
    weights = np.random.default_rng(0).permutation(height * width) + 1.0
    with torch.no_grad():
        model.module[1].weight[0] = torch.from_numpy(weights)
    return model, weights


def test_the_exact_contribution_is_the_best_of_all_orders():
    model, weights = linear(2, 3)
    image = photo(2, 3, 1)
    contributions = weights * image.ravel() / 255  # by how much a pixel going black lowers the unit
    curves = [
        1 - np.r_[0, np.cumsum(contributions[list(order)])] / contributions.sum()
        for order in permutations(range(6))
    ]
    areas = [np.mean((curve[1:] + curve[:-1]) / 2) for curve in curves]
    lens = IntegratedGradients(baseline="black", steps=1)
    found = faithfulness(model, Unit("1", 0), image, lens, fill="black", steps=6)
    assert found.deletion_area == pytest.approx(min(areas), abs=1e-5)
    assert found.insertion_area == pytest.approx(1 - min(areas), abs=1e-5)


def test_curves_equal_one_pass_after_another():
    model, steps = pooled(), 5
    unit, lens = Unit("relu#2", 3, (2, 3)), GradientTimesInput()
    found = faithfulness(model, unit, photo(), lens, steps=steps, fill="white", seeds=1)
    pixels, seen = model.preprocess(photo()), lens(model, unit, photo())
    white = torch.full_like(pixels, (1 - 0.4) / 0.5)
    order = ranked(seen.array, seen.input_box, signed=True)
    expected = []
    for step in range(steps + 1):
        other = pixels.clone()
        for place in order[: round(step * len(order) / steps)]:
            other[:, place // 12, place % 12] = white[:, place // 12, place % 12]
        expected.append(float(model.module.maps(other[None])[0, 3, 2, 3].detach()))
    expected = (np.array(expected) - expected[-1]) / (expected[0] - expected[-1])
    np.testing.assert_allclose(found.deletion, expected, atol=1e-5)
    assert found.deletion[0] == 1 == pytest.approx(found.insertion[-1])
    assert found.insertion[0] == 0 == pytest.approx(found.deletion[-1], abs=1e-6)


def test_the_control_has_a_spread_and_seeds_decide():
    model, _ = linear(6, 6)
    one, same = (
        faithfulness(model, Unit("1", 0), photo(6, 6, 1), GradientTimesInput(), fill="black", seeds=8)
        for _ in range(2)
    )
    assert np.array_equal(one.control_deletion, same.control_deletion)
    assert len(set(one.control_deletion_areas)) == 8
    assert one.deletion_area < min(one.control_deletion_areas)
    # pixels of one kind: on average a random order falls along the diagonal
    assert np.mean(one.control_deletion_areas) == pytest.approx(0.5, abs=0.1)
    assert (
        f"deletion {one.deletion_area:.3f} (pixels in random order {np.mean(one.control_deletion_areas):.3f} ± "
        in one.sentence
    )


def test_only_what_the_unit_can_see_is_ranked():
    array = np.zeros((4, 5, 2), np.float32)
    array[2, 3], array[1, 2], array[0, 0] = (1, -3), (1, 1), (9, 9)
    box = Box(2, 1, 5, 4)
    assert ranked(array, box, signed=True)[0] == 1 * 5 + 2
    assert ranked(array, box, signed=False)[:2].tolist() == [2 * 5 + 3, 1 * 5 + 2]
    assert sorted(ranked(array, box, signed=True)) == [7, 8, 9, 12, 13, 14, 17, 18, 19]


def test_a_shifted_map_keeps_its_values_and_its_neighbours():
    array = np.arange(30, dtype=np.float32).reshape(5, 6, 1)
    box = Box(1, 0, 5, 4)
    moved = [shifted(array, box, seed) for seed in range(40)]
    assert all(sorted(one[0:4, 1:5].ravel()) == sorted(array[0:4, 1:5].ravel()) for one in moved)
    assert all(np.array_equal(one[4], array[4]) and np.array_equal(one[:, 0], array[:, 0]) for one in moved)
    steps = {float(np.diff(one[0:4, 1:5, 0], axis=1)[row, 0]) for one in moved for row in range(4)}
    assert steps == {1.0, -3.0}  # neighbours, or the two ends
    assert len({one.tobytes() for one in moved}) > 10


def test_a_patch_is_fairly_compared_with_itself_elsewhere():
    """The unit is the brightness of one corner: its map shifted covers other places."""
    model, _ = linear(8, 8)
    corner = (np.arange(64) % 8 < 3) & (np.arange(64) < 24)
    with torch.no_grad():
        model.module[1].weight[0] = torch.from_numpy(corner.astype(np.float32))
    even = np.full((8, 8, 1), 255, np.uint8)
    found = faithfulness(
        model, Unit("1", 0), even, GradientTimesInput(), fill="black", seeds=20, control="shifted"
    )
    assert found.deletion_area < 0.1 < np.mean(found.control_deletion_areas)
    assert "the same map shifted at random" in found.sentence


def test_area_is_that_of_trapezoids():
    curve = np.array([1.0, 0.5, 0.7, 0.0])
    assert area(curve) == pytest.approx(np.trapezoid(curve, dx=1 / 3))


def test_a_unit_that_nothing_lowers_is_refused():
    model, _ = linear(2, 2)
    with pytest.raises(
        Unanswerable, match=r"1:0 of Sequential is no lower with nothing shown .*Choose another fill"
    ):
        faithfulness(model, Unit("1", 0), photo(2, 2, 1), GradientTimesInput(), fill="white")
