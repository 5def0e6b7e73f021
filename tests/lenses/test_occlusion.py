import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from small_networks import photo, pooled
from torch import nn

from convscope.errors import BadModel, BadSpec, Unanswerable
from convscope.lenses.occlusion import Occlusion
from convscope.nets.open import open_model
from convscope.plain.unit import Unit


def literal(model, read, size, stride, brightness):
    """One covered picture and one forward pass after the other, and the mean over what covers each pixel."""
    pixels = model.preprocess(photo())
    cover = torch.as_tensor((brightness - 0.4) / 0.5, dtype=torch.float32).expand(3, 12, 12)
    clean = float(read(pixels[None]))
    falls = [[[] for _ in range(12)] for _ in range(12)]
    grid = []
    for top in range(0, 12 - size + 1, stride):
        grid.append([])
        for left in range(0, 12 - size + 1, stride):
            other = pixels.clone()
            other[:, top : top + size, left : left + size] = cover[:, top : top + size, left : left + size]
            grid[-1].append(clean - float(read(other[None])))
            for y in range(top, top + size):
                for x in range(left, left + size):
                    falls[y][x].append(grid[-1][-1])
    return np.array(grid), np.array([[np.mean(cell) if cell else 0 for cell in row] for row in falls])


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (4, 3), (5, 4)])
def test_equals_one_pass_after_another(size, stride):
    model = pooled()
    with torch.no_grad():
        grid, expected = literal(model, lambda batch: model.module(batch)[0, 2], size, stride, 0.5)
    lens = Occlusion(size=size, stride=stride)
    np.testing.assert_allclose(lens(model, Unit("head", 2), photo()).array[:, :, 0], expected, atol=1e-6)
    found = lens.grid(model, Unit("head", 2), photo())
    np.testing.assert_allclose(found, grid, atol=1e-6)
    assert found.size == ((12 - size) // stride + 1) ** 2


def test_a_blur_is_that_of_the_same_place():
    model = pooled()
    blurred = gaussian_filter(photo() / 255, sigma=(12 / 16, 12 / 16, 0), mode="nearest", truncate=3)
    with torch.no_grad():
        _, expected = literal(
            model, lambda batch: model.module(batch)[0, 2], 4, 2, blurred.transpose(2, 0, 1)
        )
    seen = Occlusion(size=4, stride=2, fill="blur")(model, Unit("head", 2), photo())
    np.testing.assert_allclose(seen.array[:, :, 0], expected, atol=1e-6)


def test_the_probability_of_a_class():
    model = pooled()
    with torch.no_grad():
        _, expected = literal(model, lambda batch: model.module(batch).softmax(1)[0, 1], 4, 2, 0.0)
    lens = Occlusion(size=4, stride=2, fill="black", measure="probability")
    seen = lens(model, Unit("head", 1), photo())
    np.testing.assert_allclose(seen.array[:, :, 0], expected, atol=1e-6)
    assert seen.units.startswith("fall of the probability")


def test_without_a_position_the_maximum_may_move_elsewhere():
    model = pooled()
    with torch.no_grad():
        _, expected = literal(model, lambda batch: model.module.maps(batch)[0, 3].max(), 4, 2, 0.5)
    seen = Occlusion(size=4, stride=2)(model, Unit("relu#2", 3), photo())
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(seen.array[:, :, 0], expected, atol=1e-6)
    assert seen.input_box == (0, 0, 12, 12)


@pytest.mark.parametrize("fill", [51 / 255, "mean", "blur"])
def test_covering_with_what_is_there_changes_nothing(fill):
    even = np.full((12, 12, 3), 51, np.uint8)
    seen = Occlusion(size=4, stride=2, fill=fill)(pooled(), Unit("head", 0), even)
    assert np.abs(seen.array).max() < 1e-6


def test_a_planted_patch_is_found():
    model = pooled()
    for weight in model.module.parameters():  # all channels answer to brightness
        torch.nn.init.constant_(weight, 0.1)
    image = np.full((12, 12, 3), 128, np.uint8)
    image[6:9, 3:6] = 255
    grid = Occlusion(size=3, stride=3).grid(model, Unit("head", 0), image)
    assert np.unravel_index(grid.argmax(), grid.shape) == (2, 1)
    assert np.abs(np.delete(grid.ravel(), 9)).max() < 0.05 * grid.max()


def test_where_mean_and_std_are_not_known_a_tensor_is_covered_by_itself_alone():
    model = open_model(nn.Sequential(nn.Conv2d(9, 2, 3), nn.ReLU()), input_size=8)
    tensor = torch.linspace(-3, 5, 9 * 64).view(9, 8, 8)
    with pytest.raises(
        BadModel, match=r"what grey is to Sequential is not known: open it with mean= and std="
    ):
        Occlusion(size=4)(model, Unit("1", 0), tensor)
    seen = Occlusion(size=4, fill="mean")(model, Unit("1", 0), tensor)
    assert (seen.picture.shape, seen.picture.min(), seen.picture.max()) == ((8, 8, 9), 0, 255)


def test_settings_are_checked():
    with pytest.raises(BadSpec, match="size 13 does not fit the network's 12 x 12 pixels: choose 1 to 12"):
        Occlusion(size=13)(pooled(), Unit("head", 0), photo())
    with pytest.raises(BadSpec, match="stride 0: choose 1 pixel or more"):
        Occlusion(stride=0)(pooled(), Unit("head", 0), photo())
    with pytest.raises(BadSpec, match="fill 'pink': choose black, grey, white, mean, blur or a brightness"):
        Occlusion(fill="pink")(pooled(), Unit("head", 0), photo())
    with pytest.raises(Unanswerable, match=r"relu:1 of Pooled has no probability: only head has"):
        Occlusion(measure="probability")(pooled(), Unit("relu", 1), photo())
