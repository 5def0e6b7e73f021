import numpy as np
import pytest
import torch
from small_networks import photo, pooled

from convscope.lenses.gradient_times_input import GradientTimesInput
from convscope.plain.unit import Unit


def test_equals_autograd_times_the_input():
    model = pooled()
    pixels = model.preprocess(photo()).requires_grad_(True)
    (gradient,) = torch.autograd.grad(model.module(pixels[None])[0, 2], pixels)
    expected = (gradient * pixels).detach().permute(1, 2, 0).numpy()
    seen = GradientTimesInput()(model, Unit(model.output, 2), photo())
    np.testing.assert_allclose(seen.array, expected, rtol=1e-5, atol=1e-8)


def test_adds_up_to_the_activation_without_biases():
    model = pooled(bias=False)
    for channel in range(4):
        seen = GradientTimesInput()(model, Unit(model.output, channel), photo())
        assert seen.array.sum() == pytest.approx(seen.value, rel=1e-4)


def test_with_biases_the_sentence_says_by_how_much_it_misses():
    seen = GradientTimesInput()(pooled(), Unit("head", 1), photo())
    assert abs(seen.array.sum() - seen.value) > 0.01
    assert (
        f"its sum {seen.array.sum():.4g} would be the activation {seen.value:.4g}" in seen.validity.sentence
    )
