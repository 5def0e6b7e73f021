import numpy as np
import pytest
import torch
from small_networks import photo, pooled, wrap
from torch import nn

from convscope.errors import BadModel, BadSpec
from convscope.lenses.maximisation import ActivationMaximisation, as_input
from convscope.nets.open import open_model
from convscope.plain.unit import Unit

QUICK = ActivationMaximisation(steps=40, rate=0.1)


def test_a_template_is_found_again():
    """The best picture for one filter is the filter: bright where it is positive, dark where negative."""
    model = wrap(nn.Sequential(nn.Conv2d(1, 2, 7, padding=3)), (1, 15, 15))
    with torch.no_grad():
        model.module[0].weight[1, 0] = torch.tensor([[1.0] * 3 + [-1.0] * 4] * 7)
    still = ActivationMaximisation(steps=80, rate=0.1, jitter=0, scale=0, rotate=0)
    made = still(model, Unit("0", 1, (7, 7)))
    assert (made.array[4:11, 4:7] > 0.5).all()
    assert (made.array[4:11, 7:11] < -0.5).all()
    assert made.input_box == (4, 4, 11, 11)


def test_the_unit_likes_it_better_than_any_photo():
    model = pooled()
    made = QUICK(model, Unit("relu#2", 3))
    photos = [np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8) for seed in range(50)]
    with torch.no_grad():
        best = model.module.maps(torch.stack([model.preprocess(one) for one in photos]))[:, 3].max()
        own = model.module.maps(torch.from_numpy(made.array).permute(2, 0, 1)[None])[0, 3].max()
    assert made.value == pytest.approx(float(own), rel=1e-5)
    assert own > 1.3 * best


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_the_pixels_are_such_as_the_network_can_be_shown(channels):
    torch.manual_seed(0)
    model = wrap(nn.Sequential(nn.Conv2d(channels, 2, 3), nn.ReLU()), (channels, 9, 14))
    made = QUICK.pictures(model, "1", [0])
    brightness = made.pixels * 0.5 + 0.4
    assert made.pixels.shape == (1, channels, 9, 14)
    assert 0 <= brightness.min() < brightness.max() <= 1


def test_many_at_once_are_as_one_by_one():
    lens = ActivationMaximisation(steps=4)
    together = lens.pictures(pooled(), "relu#2", [0, 3, 4])
    for row, channel in enumerate([0, 3, 4]):
        alone = lens.pictures(pooled(), "relu#2", [channel])
        torch.testing.assert_close(together.pixels[row], alone.pixels[0], rtol=1e-3, atol=1e-3)


def test_the_image_does_not_matter_and_the_seed_does():
    unit = Unit("head", 1)
    with_photo, without = QUICK(pooled(), unit, photo()), QUICK(pooled(), unit)
    other = ActivationMaximisation(steps=40, rate=0.1, seed=1)(pooled(), unit)
    assert with_photo.array.tobytes() == without.array.tobytes() != other.array.tobytes()
    assert without.validity.label == "image-independent"
    assert "does not depend on an image" in without.validity.sentence


def test_a_unit_that_starts_at_zero_is_woken():
    model = pooled()
    nn.init.constant_(model.module.conv2.bias, -0.1)
    grey = as_input(model, torch.zeros(1, 3, 12, 7, 2))
    with torch.no_grad():
        assert model.module.maps(grey)[0, 2].max() == 0
    assert QUICK(model, Unit("relu#2", 2)).value > 0


def test_a_spectrum_of_nothing_is_mid_grey_and_one_wave_a_wave():
    model = wrap(nn.Sequential(nn.Conv2d(1, 1, 1)), (1, 8, 8))
    spectrum = torch.zeros(1, 1, 8, 5, 2)
    torch.testing.assert_close(as_input(model, spectrum), torch.full((1, 1, 8, 8), (0.5 - 0.4) / 0.5))
    spectrum[0, 0, 0, 2, 0] = 1.0  # two waves across, at a quarter of a wave a pixel
    wave = torch.cos(2 * torch.pi * 2 * torch.arange(8) / 8) * 2 / 8 / 0.25
    torch.testing.assert_close(as_input(model, spectrum)[0, 0, 3], (wave.sigmoid() - 0.4) / 0.5)


def test_where_mean_and_std_are_not_known_no_picture_can_be_made():
    model = open_model(nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU()), input_size=8)
    with pytest.raises(BadModel, match="how Sequential expects its pixels is not known"):
        QUICK(model, Unit("1", 0))


def test_settings_are_checked():
    with pytest.raises(BadSpec, match=r"steps 0, rate 0\.02: choose 1 step or more"):
        ActivationMaximisation(steps=0)
    with pytest.raises(BadSpec, match=r"jitter 1\.5, .*: choose shares from 0 to below 1"):
        ActivationMaximisation(jitter=1.5)
