"""The labs of planes: every number against Pillow and torch, and the stories against their files."""

import json
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from convscope.atlas import layout
from convscope.explorer.labs.channels import channels_lab, rectified_lab
from convscope.explorer.labs.crop import calmest
from convscope.explorer.labs.deconvnet import Round, deconvnet_lab
from convscope.explorer.labs.kernel import kernel_lab
from convscope.explorer.labs.occlusion import occlusion_lab
from convscope.explorer.labs.pixels import pixels_lab
from convscope.explorer.labs.planes import Planes
from convscope.explorer.labs.shortcut import PLANTED, shortcut_lab

from . import synthetic
from .test_lessons import double, network_map


def test_the_pixels_are_those_of_the_photograph(atlas):
    lab = pixels_lab(atlas)
    photo = Image.open(layout.photo_file(atlas.path, lab.row))
    for crop, view in zip(lab.crops, lab.planes.views, strict=True):
        wanted = np.asarray(photo.crop(tuple(map(int, crop.box))))
        assert wanted.shape == (8, 8, 3)
        for band, name in enumerate(("red", "green", "blue")):
            np.testing.assert_array_equal(view[name], wanted[:, :, band])
        assert view["pixels"][2, 5] == "#{:02x}{:02x}{:02x}".format(*wanted[2, 5])


def test_the_calmest_square_is_found_by_trying_all():
    values = np.random.default_rng(2).integers(0, 256, (20, 17, 3))
    values[9:15, 4:9] //= 8
    values[0:7, 10:17] = (
        np.indices((7, 7)).sum(axis=0)[:, :, None] % 2 * 255
    )  # the same two pixels further on

    def change(y: int, x: int) -> int:
        """Steps to the pixel below and to the right, of every pixel of a square of 5."""
        below, right = (np.pad(np.abs(np.diff(values, axis=axis)).sum(2), pads) for axis, pads in
                        ((0, ((0, 1), (0, 0))), (1, ((0, 0), (0, 1)))))  # fmt: skip
        return int((below + right)[y : y + 5, x : x + 5].sum())

    y, x = min(product(range(16), range(13)), key=lambda at: change(*at))
    assert (calmest(values, 5).top, calmest(values, 5).left) == (y, x)


def test_partial_maps_are_those_of_torch_and_add_up(atlas):
    lab, (y, x) = channels_lab(atlas), kernel_lab(atlas).position
    kernels = atlas.weights("relu1")
    for slide, view in zip(lab.slides, lab.planes.views, strict=True):
        for band, name in enumerate(("red", "green", "blue")):
            weight = double(kernels["weight"][slide.channel, band])[None, None]
            wanted = functional.conv2d(double(lab.bench.input[band])[None, None], weight, stride=2)[0, 0]
            np.testing.assert_allclose(view[name], wanted, atol=1e-9)
        height, width = view["sum"].shape
        whole = network_map(atlas, lab.crop.row, slide.channel)[y : y + height, x : x + width]
        np.testing.assert_allclose(view["sum"], whole, atol=1e-6)
        np.testing.assert_allclose(
            view["red"] + view["green"] + view["blue"] + view["bias"], view["sum"], atol=1e-9
        )
        np.testing.assert_array_equal(view["relu"], functional.relu(double(view["sum"])))


def test_the_rectifier_opens_at_the_most_negative_answer(atlas):
    planes = rectified_lab(atlas).planes
    assert planes.now("sum") == planes["sum"].min() < 0 == planes.now("relu")


@pytest.fixture(params=["lab", "ties"])
def there_and_back(request, atlas) -> Round:
    """A round of the lab, and one whose windows hold equal maxima and only zeros."""
    if request.param == "lab":
        return deconvnet_lab(atlas).rounds[1]
    rng = np.random.default_rng(6)
    cells = rng.integers(0, 3, (8, 6)).astype(float)
    cells[:2, :2] = 0
    return Round("ties", None, rng.normal(size=(3, 3, 5)), (2, 1), cells)


def test_switches_and_unpooled_grid_are_those_of_torch(there_and_back):
    one = there_and_back
    best, where = functional.max_pool2d(double(one.map)[None, None], 2, return_indices=True)
    np.testing.assert_array_equal(one.pooled, best[0, 0])
    np.testing.assert_array_equal(one.switches, where[0, 0])
    for sent in (one.pooled, one.strongest):
        wanted = functional.max_unpool2d(double(sent)[None, None], where, 2)[0, 0]
        np.testing.assert_array_equal(one.unpooled(sent, remembered=True), wanted)


def test_without_switches_each_four_share_as_an_average_would(there_and_back):
    one = there_and_back
    cells = double(one.map)[None, None].requires_grad_(True)
    functional.avg_pool2d(cells, 2).backward(double(one.pooled)[None, None])
    assert cells.grad is not None
    np.testing.assert_allclose(one.unpooled(one.pooled, remembered=False), cells.grad[0, 0])


@pytest.mark.parametrize("remembered", [True, False])
def test_the_way_down_is_a_transposed_convolution(there_and_back, remembered):
    one = there_and_back
    back = double(one.unpooled(one.pooled, remembered=remembered))[None, None]
    wanted = functional.conv_transpose2d(back, double(one.weight)[None], stride=one.step)[0]
    np.testing.assert_allclose(one.projected(one.pooled, remembered=remembered), wanted, atol=1e-12)


def test_the_crop_is_what_the_cells_of_the_map_read(atlas):
    lab = deconvnet_lab(atlas)
    one, model = lab.rounds[0], atlas.manifest["model"]
    read = (double(lab.crop.pixels).permute(2, 0, 1) / 255 - model["mean"][0]) / model["std"][0]
    bias = double(atlas.weights("relu1")["bias"][[one.channel]])
    wanted = functional.relu(functional.conv2d(read[None], double(one.weight)[None], bias, stride=2))[0, 0]
    np.testing.assert_allclose(one.map, wanted, atol=1e-6)
    photo = Image.open(layout.photo_file(atlas.path, lab.crop.row)).crop(tuple(map(int, lab.crop.box)))
    np.testing.assert_array_equal(lab.crop.pixels, np.asarray(photo))


def test_a_covered_picture_shows_what_was_measured(atlas):
    lab, swept = occlusion_lab(atlas), synthetic.measured()["occlusion"]
    shares = np.array(swept["probability"])
    np.testing.assert_allclose(lab.planes["p0"], 100 * shares[0], atol=0.5)
    np.testing.assert_allclose(lab.planes["p1"], 100 * shares[1], atol=0.5)
    assert lab.names == ("plain", synthetic.CLASSES[0])
    assert shares[0][lab.worst] == pytest.approx(shares[0].min(), abs=0.005)


def test_the_planted_story_is_what_its_lesson_says(atlas):
    lab, story = shortcut_lab(atlas), json.loads(PLANTED.read_text("utf-8"))
    food = story["marked"]
    assert story["accuracy"]["with the mark"][food] == 1
    assert story["accuracy"]["without it"][food] == 0
    assert story["channels"][lab.suspect]["accuracy"][food] < 0.2
    assert story["why"]["verdict"] == "supported"
    assert [test["speaks"] for test in story["why"]["tests"]] == [True] * 4
    marked, plain = (one.planes["covered"] for one in lab.covered)
    lowest = np.array(np.unravel_index(marked.argmin(), marked.shape)) * story["occlusion"]["stride"]
    left, top, right, bottom = story["mark"]
    assert top - 6 < lowest[0] < bottom
    assert left - 6 < lowest[1] < right
    assert (lab.covered[0].share > 90, plain.max() < 50) == (True, True)


def test_planes_tint_all_views_on_one_scale():
    views = tuple({"a": np.array([[value, -2.5]])} for value in (1.0, -7.0))
    assert Planes(views, (0, 0)).most == {"a": 7.0}
    assert Planes(views, (0, 0), full=100).as_dict()["most"] == {"a": 100}
    assert Planes(views, (0, 1)).as_dict()["views"][1] == {"a": [-7, -2.5]}


def test_torch_agrees_that_of_equal_cells_the_first_wins():
    _, where = functional.max_pool2d(torch.tensor([[[[1.0, 7.0], [7.0, 0.0]]]]), 2, return_indices=True)
    assert (
        where.item()
        == Round("", None, np.ones((1, 1, 1)), (1, 1), np.array([[1.0, 7], [7, 0]])).switches.item()
    )
