import numpy as np
import torch
from small_networks import photo, pooled, wrap
from torch import nn

from convscope.lenses.effective_field import EffectiveField, half_weight
from convscope.plain.unit import Unit


def test_is_the_absolute_gradient_summed_over_colours():
    model = pooled()
    pixels = model.preprocess(photo()).requires_grad_(True)
    (gradient,) = torch.autograd.grad(model.module.maps(pixels[None])[0, 3, 2, 3], pixels)
    assert gradient.any()
    seen = EffectiveField()(model, Unit("relu#2", 3, (2, 3)), photo())
    np.testing.assert_allclose(seen.array[:, :, 0], gradient.abs().sum(0), rtol=1e-5, atol=1e-8)


def test_of_a_linear_layer_it_is_the_kernel():
    torch.manual_seed(0)
    model = wrap(nn.Sequential(nn.Conv2d(3, 2, 5)))
    seen = EffectiveField()(model, Unit("0", 1, (2, 4)), photo())
    kernel = model.module[0].weight[1].detach().abs().sum(0)
    np.testing.assert_allclose(seen.array[2:7, 4:9, 0], kernel, rtol=1e-6)


def test_half_of_the_weight():
    array = np.array([[4.0, 1.0], [2.0, 1.0]])
    assert half_weight(array) == 1
    assert half_weight(np.ones((3, 3))) == 5
    assert half_weight(np.zeros((3, 3))) == 0
