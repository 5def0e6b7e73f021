"""Moves against a literal bilinear loop, distances against the network itself, and answers that are known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.plain.moves import ANGLES, SCALES, read_moves, steps
from convscope.studies.invariance import invariance, move

CHANCE = np.random.default_rng(0)
PICTURE = torch.from_numpy(CHANCE.normal(size=(2, 9, 7)).astype(np.float32))
IMAGES = [CHANCE.integers(0, 256, (12, 12, 3), dtype=np.uint8) for _ in range(2)]


def literal(picture: np.ndarray, source) -> np.ndarray:
    """Every pixel asks ``source`` for the place (y, x) it shows; bilinear, zero outside."""
    _, height, width = picture.shape
    made = np.zeros_like(picture)
    for y in range(height):
        for x in range(width):
            from_y, from_x = source(y - (height - 1) / 2, x - (width - 1) / 2)
            from_y, from_x = from_y + (height - 1) / 2, from_x + (width - 1) / 2
            for row in (math.floor(from_y), math.floor(from_y) + 1):
                for column in (math.floor(from_x), math.floor(from_x) + 1):
                    if 0 <= row < height and 0 <= column < width:
                        weight = (1 - abs(from_y - row)) * (1 - abs(from_x - column))
                        made[:, y, x] += weight * picture[:, row, column]
    return made


@pytest.mark.parametrize("angle", [15, 40, 90, 345])
def test_a_turn_is_counter_clockwise_about_the_middle(angle):
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    # rows count downwards: what stands at an angle came from that angle less the turn
    expected = literal(PICTURE.numpy(), lambda y, x: (c * y + s * x, c * x - s * y))
    found = move(PICTURE, "rotation", angle).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("factor", [1.3, 1.8])
def test_a_picture_grows_about_its_middle(factor):
    expected = literal(PICTURE.numpy(), lambda y, x: (y / factor, x / factor))
    np.testing.assert_allclose(move(PICTURE, "scale", factor).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("down", [-3, 0, 2])
def test_a_picture_goes_down_by_whole_pixels_and_zero_comes_in(down):
    expected = literal(PICTURE.numpy(), lambda y, x: (y - down, x))
    np.testing.assert_allclose(move(PICTURE, "translation", down).numpy(), expected, atol=1e-5)


def test_the_steps_of_224_pixels_are_those_of_the_paper():
    assert steps(224)["translation"] == tuple(range(-60, 70, 10))
    assert (SCALES[0], SCALES[-1], ANGLES[0]) == (1.0, 1.8, 0)
    assert steps(5)["translation"] == (-1, 0, 1)


@pytest.fixture(scope="module")
def net() -> Model:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 3), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3),
    )  # fmt: skip
    return Model(module.eval(), fit=Fit(12, 12), name="net", mean=(0.5,) * 3, std=(0.25,) * 3)


@pytest.fixture(scope="module")
def seen(net):
    return invariance(net, IMAGES, [2, 0])


def test_distances_are_those_of_the_networks_own_outputs(net, seen):
    """Each picture alone, the layers cut out of the module: nothing of the reader is used."""
    first, whole = net.module[:2], net.module
    for kind, moved in seen.moved.items():
        for place in (0, len(moved.steps) // 2, len(moved.steps) - 1):
            for number, (image, watched) in enumerate(zip(IMAGES, (2, 0), strict=True)):
                still = net.preprocess(image)
                there = move(still, kind, moved.steps[place])
                with torch.no_grad():
                    apart = (first(there[None]) - first(still[None])).norm()
                    share = torch.softmax(whole(there[None]), 1)[0, watched]
                layer = seen.layers[0]
                assert moved.distance[layer][number, place] == pytest.approx(float(apart), rel=1e-4, abs=1e-5)
                assert moved.probability[number, place] == pytest.approx(float(share), rel=1e-4)
    with torch.no_grad():
        norm = float(first(net.preprocess(IMAGES[0])[None]).norm())
    assert seen.norm[seen.layers[0]][0] == pytest.approx(norm, rel=1e-5)


def test_the_picture_still_is_at_no_distance(seen):
    for moved in seen.moved.values():
        assert all((distance[:, moved.still] == 0).all() for distance in moved.distance.values())


def test_a_network_that_only_averages_does_not_see_a_quarter_turn():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    blind = Model(module.eval(), fit=Fit(12, 12), name="blind", mean=(0.5,) * 3, std=(0.25,) * 3)
    found = invariance(blind, IMAGES[:1], [0])
    turned = found.moved["rotation"]
    quarter = turned.steps.index(90)
    assert turned.distance[found.layers[0]][0, quarter] > 1
    assert turned.distance[found.layers[-1]][0, quarter] < 1e-4


def test_what_was_measured_is_read_back(seen):
    again = read_moves(seen.as_dict())
    assert (again.rows, again.classes, again.layers) == (seen.rows, seen.classes, seen.layers)
    for kind, moved in seen.moved.items():
        for name in seen.layers:
            np.testing.assert_allclose(again.moved[kind].distance[name], moved.distance[name], rtol=1e-5)
    expected = (seen.moved["scale"].distance[seen.layers[0]][:, 8] / seen.norm[seen.layers[0]]).mean()
    assert again.relative("scale", seen.layers[0], 8) == pytest.approx(expected, rel=1e-5)
