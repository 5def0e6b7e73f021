import copy

import numpy as np
import pytest
import torch
import torchvision
from small_networks import photo, pooled, wrap
from torch import nn
from torch.nn import functional

from convscope.errors import BadSpec, Unanswerable
from convscope.lenses.gradcam import GradCAM
from convscope.plain.unit import Unit


def literal(maps, value):
    """Equations 1 and 2, channel by channel."""
    (gradient,) = torch.autograd.grad(value, maps)
    total = torch.zeros(maps.shape[2:])
    for channel in range(maps.shape[1]):
        total += gradient[0, channel].mean() * maps[0, channel].detach()
    return total.clamp(min=0).numpy()


def test_equals_the_equations():
    model = pooled()
    maps = model.module.maps(model.preprocess(photo())[None])
    expected = literal(maps, model.module.head(maps.mean((2, 3)))[0, 2])
    lens = GradCAM()
    assert expected.max() > 0
    np.testing.assert_allclose(lens.grid(model, Unit("head", 2), photo()), expected, rtol=1e-4, atol=1e-7)
    enlarged = functional.interpolate(torch.from_numpy(expected)[None, None], (12, 12), mode="bilinear")
    seen = lens(model, Unit("head", 2), photo())
    np.testing.assert_allclose(seen.array[:, :, 0], enlarged[0, 0].numpy(), rtol=1e-4, atol=1e-7)
    assert "5 x 5 cells of relu#2" in seen.caption


def test_under_global_average_pooling_it_is_cam():
    """Zhou et al. 2016: the maps weighted by the last layer, here over the number of positions."""
    model = pooled()
    maps = model.module.maps(model.preprocess(photo())[None])[0]
    cam = torch.einsum("k,kyx->yx", model.module.head.weight[1], maps).clamp(min=0) / maps[0].numel()
    grid = GradCAM().grid(model, Unit("head", 1), photo())
    np.testing.assert_allclose(grid, cam.detach().numpy(), rtol=1e-4, atol=1e-7)


class ChannelsLast(nn.Module):
    """As ConvNeXt does it: normalised over channels that come last."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(3, 8, 5, stride=4), nn.LayerNorm(8), nn.Linear(8, 9)

    def forward(self, x):
        x = self.norm(self.conv(x).permute(0, 2, 3, 1))
        return self.head(functional.gelu(x).mean((1, 2)))


@pytest.mark.parametrize(
    ("module", "layer", "part", "axis"),
    [(torchvision.models.resnet18, "layer3.1.bn1", "layer3.1.bn1", 1), (ChannelsLast, "norm", "norm", 3)],
    ids=["overwritten in place", "channels last"],
)
def test_any_layer_of_any_network(module, layer, part, axis):
    torch.manual_seed(0)
    model = wrap(module(), (3, 64, 64))
    twin, kept = copy.deepcopy(model.module), {}
    for rectifier in twin.modules():
        if isinstance(rectifier, nn.ReLU):
            rectifier.inplace = False
    twin.get_submodule(part).register_forward_hook(lambda module, given, out: kept.update(maps=out))
    value = twin(model.preprocess(photo(64, 64))[None])[0, 7]
    (gradient,) = torch.autograd.grad(value, kept["maps"])
    gradient, maps = (one.detach().movedim(axis, 1)[0] for one in (gradient, kept["maps"]))
    expected = (gradient.mean((1, 2))[:, None, None] * maps).sum(0).clamp(min=0).numpy()
    grid = GradCAM(layer=layer).grid(model, Unit(model.output, 7), photo(64, 64))
    assert model.layer(layer).axis == axis
    assert expected.max() > 0
    np.testing.assert_allclose(grid, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_by_default_no_mere_branch_is_taken():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.left, self.right = (
                nn.Conv2d(3, 4, 3),
                nn.Conv2d(4, 2, 1),
                nn.Conv2d(4, 2, 3, padding=1),
            )

        def forward(self, x):
            x = torch.relu(self.stem(x))
            return torch.cat([self.left(x), self.right(x)], 1)

    torch.manual_seed(1)
    seen = GradCAM()(wrap(Branches()), Unit("cat", 0), photo())
    assert "cells of relu" in seen.caption
    assert seen.array.any()


def test_what_the_unit_cannot_see_is_left_out():
    unit = Unit("conv2", 3, (0, 0))
    assert GradCAM().grid(pooled(), unit, photo())[5:].any()  # the weights alone would colour it
    seen = GradCAM()(pooled(), unit, photo())
    assert seen.input_box == (0, 0, 4, 4)
    assert seen.array[:4, :4].any()
    assert not seen.array[4:].any()
    assert not seen.array[:, 4:].any()


def test_a_dead_unit_has_an_empty_map_and_says_so():
    model = pooled()
    nn.init.constant_(model.module.conv2.bias, -100.0)
    seen = GradCAM()(model, Unit("relu#2", 1), photo())
    assert seen.validity.label == "dead"
    assert not seen.array.any()
    assert "no gradient leaves it, and the map is empty" in seen.validity.sentence


def test_where_there_is_no_map_below_it_says_what_there_is():
    model = pooled()
    with pytest.raises(Unanswerable, match=r"at head: that is no map below head\. Choose one of: .*relu#2"):
        GradCAM(layer="head")(model, Unit("head", 0), photo())
    with pytest.raises(Unanswerable, match="no layer with positions lies between it and the pixels"):
        GradCAM()(model, Unit("conv1", 0), photo())
    with pytest.raises(BadSpec, match="upsampling 'cubic': choose bilinear or nearest"):
        GradCAM(upsampling="cubic")
