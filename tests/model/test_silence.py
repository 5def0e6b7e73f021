"""Channels held at zero while the network runs, against networks built without them; and the last maps by name."""

import copy

import pytest
import torch
from small_networks import pooled, wrap
from torch import nn

import convscope as cs
from convscope.errors import Unanswerable
from convscope.model.last import last_maps
from convscope.model.silence import scores_without


def batch(model, count: int = 3):
    rng = torch.Generator().manual_seed(1)
    fit = model.fit
    return torch.randn(count, fit.channels, fit.height, fit.width, generator=rng)


@pytest.mark.parametrize("channels", [[3], [0, 4], slice(None)])
def test_silence_equals_a_network_whose_next_weights_are_zero(channels):
    model = pooled()
    pictures = batch(model)
    twin = copy.deepcopy(model.module)
    with torch.no_grad():
        twin.head.weight[:, channels] = 0
        torch.testing.assert_close(scores_without(model, [pictures], "relu#2", channels), twin(pictures))


def test_a_rectifier_in_place_is_silenced_too():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(400, 3))
    model, twin = wrap(module), copy.deepcopy(module)
    with torch.no_grad():
        twin[0].weight[2], twin[0].bias[2] = 0, 0
        torch.testing.assert_close(scores_without(model, [batch(model)], "1", [2]), twin(batch(model)))


def test_channels_last_networks_lose_the_right_channel():
    class Turned(nn.Module):
        """Its maps are [N, H, W, C] from the first layer on."""

        def __init__(self):
            super().__init__()
            self.conv, self.mix, self.head = nn.Conv2d(3, 5, 3), nn.Linear(5, 6), nn.Linear(6, 2)

        def forward(self, x):
            turned = self.conv(x).permute(0, 2, 3, 1)
            return self.head(torch.relu(self.mix(turned)).mean((1, 2)))

    torch.manual_seed(0)
    model = wrap(Turned())
    layer = last_maps(model)
    twin = copy.deepcopy(model.module)
    with torch.no_grad():
        twin.head.weight[:, 4] = 0
        torch.testing.assert_close(scores_without(model, [batch(model)], layer.name, [4]), twin(batch(model)))


def test_the_model_is_as_it_was():
    model = pooled()
    model.module.train()
    before, pictures = copy.deepcopy(model.module.state_dict()), batch(model)
    kept = pictures.clone()
    scores_without(model, [pictures], "relu#2", [1])
    assert model.module.training
    assert torch.equal(pictures, kept)
    assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.module.modules())


@pytest.mark.parametrize(
    ("net", "name"),
    [
        ("resnet18", "layer4.1.relu#2"),  # before the mean and the linear layer
        ("squeezenet1_1", "features.12.cat"),  # before the convolution whose maps are the classes
        ("8c3 p2 12c3 p2 fc16", "relu2"),
        ("8c3 p2 12c3 gap", "relu2"),
    ],
)
def test_the_last_maps_are_what_the_last_weights_rest_on(net, name):
    sizes = {} if "c3" not in net else {"input_size": 16, "classes": 4}
    assert last_maps(cs.open_model(net, **sizes)).name == name


def test_a_network_without_maps_has_none():
    model = wrap(nn.Sequential(nn.Flatten(), nn.Linear(432, 8), nn.ReLU(), nn.Linear(8, 2)))
    with pytest.raises(Unanswerable, match="Sequential has no layer with positions"):
        last_maps(model)
