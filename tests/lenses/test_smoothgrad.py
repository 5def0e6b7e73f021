import numpy as np
import pytest
import torch
from small_networks import photo, pooled

from convscope.errors import BadSpec
from convscope.lenses.deconvnet import Deconvnet
from convscope.lenses.gradient import Gradient
from convscope.lenses.occlusion import Occlusion
from convscope.lenses.smoothgrad import SmoothGrad
from convscope.plain.unit import Unit

UNIT = Unit("relu#2", 3, (2, 3))


def test_is_the_mean_over_noisy_copies():
    model = pooled()
    pixels = model.preprocess(photo())
    torch.manual_seed(7)  # the same draws, from the global generator
    spread = 0.2 * float(pixels.max() - pixels.min())
    total = torch.zeros_like(pixels)
    for noise in torch.randn(6, *pixels.shape):
        noisy = (pixels + spread * noise).requires_grad_(True)
        (gradient,) = torch.autograd.grad(model.module.maps(noisy[None])[0, 3, 2, 3], noisy)
        total += gradient / 6
    seen = SmoothGrad(n=6, noise=0.2, seed=7)(model, UNIT, photo())
    np.testing.assert_allclose(seen.array, total.permute(1, 2, 0).numpy(), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("lens", [Gradient(), Deconvnet(), Occlusion(size=3, stride=2)])
def test_without_noise_it_is_its_lens(lens):
    smooth = SmoothGrad(of=lens, n=2, noise=0)(pooled(), UNIT, photo())
    np.testing.assert_allclose(smooth.array, lens(pooled(), UNIT, photo()).array, rtol=1e-6, atol=1e-7)


def test_the_seed_decides():
    one, same, other = (SmoothGrad(n=3, seed=seed)(pooled(), UNIT, photo()).array for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_it_stays_at_the_position_of_the_clean_picture():
    clean = Gradient()(pooled(), Unit("relu#2", 3), photo())
    smooth = SmoothGrad(n=5, noise=1.0)(pooled(), Unit("relu#2", 3), photo())
    assert smooth.input_box == clean.input_box
    assert smooth.value == clean.value


def test_a_lens_and_its_text_are_the_same():
    assert SmoothGrad(of=Occlusion(size=3)) == SmoothGrad(of="occlusion:size=3")
    assert SmoothGrad(of=Occlusion(size=3)) != SmoothGrad(of=Occlusion(size=4))


def test_smoothing_what_is_smooth_is_refused():
    with pytest.raises(BadSpec, match="smoothgrad of smoothgrad: raise n"):
        SmoothGrad(of=SmoothGrad())
    with pytest.raises(BadSpec, match=r"n 0, noise 0\.15: choose n of 1 or more"):
        SmoothGrad(n=0)
