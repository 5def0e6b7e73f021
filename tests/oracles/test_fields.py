"""Receptive fields from the record, against a probe with NaN and against the published tables."""

import numpy as np
import pytest
import torch
import torchvision
from nan_probe import poisoned

from convscope.model.model import Model
from convscope.nets.googlenet import googlenet
from convscope.nets.resnet import resnet
from convscope.plain.fit import Fit

torch.set_num_threads(1)

SIDES = {
    "alexnet": (80, 72),
    "vgg11": (40, 48),
    "resnet18": (56, 64),
    "googlenet": (64, 56),
    "densenet121": (48, 40),
}


def open_named(name: str, height: int, width: int) -> Model:
    extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    module = getattr(torchvision.models, name)(weights=None, **extra)
    return Model(module, fit=Fit(height, width), mean=(0.5,) * 3, std=(0.25,) * 3, name=name)


@pytest.mark.parametrize("name", SIDES)
def test_every_position_of_every_map_sees_what_the_probe_says(name: str) -> None:
    model = open_named(name, *SIDES[name])
    maps = [layer for layer in model.layers.values() if len(layer.shape) == 3]
    names = [layer.name for layer in maps]
    rows, columns = (poisoned(model, names, axis) for axis in (0, 1))
    assert len(maps) > 10
    for layer in maps:
        for y in range(layer.height):
            for x in range(layer.width):
                left, top, right, bottom = layer.field.at(y, x)
                assert span(rows[layer.name][y]) == (top, bottom), (layer.name, y)
                assert span(columns[layer.name][x]) == (left, right), (layer.name, x)


def span(reached: np.ndarray) -> tuple[int, int]:
    hits = np.flatnonzero(reached)
    return (int(hits[0]), int(hits[-1]) + 1) if len(hits) else (0, 0)


# Araujo, Norris & Sim 2019 and the models themselves; sizes ignore the border
PUBLISHED = {
    "alexnet": {
        "features.0": 11, "features.2": 19, "features.3": 51, "features.5": 67, "features.6": 99,
        "features.8": 131, "features.10": 163, "features.12": 195,
    },
    "vgg16": {
        "features.0": 3, "features.2": 5, "features.4": 6, "features.5": 10, "features.7": 14, "features.9": 16,
        "features.10": 24, "features.12": 32, "features.14": 40, "features.16": 44, "features.17": 60,
        "features.19": 76, "features.21": 92, "features.23": 100, "features.24": 132, "features.26": 164,
        "features.28": 196, "features.30": 212,
    },
    "resnet18": {"layer4.1.relu#2": 435, "maxpool": 11},
    "resnet50": {
        "conv1": 7, "maxpool": 11, "layer1.2.relu#3": 35, "layer2.3.relu#3": 91, "layer3.5.relu#3": 267,
        "layer4.2.relu#3": 427,
    },
    "googlenet": {"inception5b.cat": 379},
    "inception_v3": {
        "Mixed_5b.cat": 63, "Mixed_5c.cat": 95, "Mixed_5d.cat": 127, "Mixed_6a.cat": 159, "Mixed_6b.cat": 351,
        "Mixed_6c.cat": 543, "Mixed_6d.cat": 735, "Mixed_6e.cat": 927, "Mixed_7a.cat": 1055, "Mixed_7b.cat#3": 1183,
        "Mixed_7c.cat#3": 1311,
    },
    "densenet121": {"relu": 2071},
    "mobilenet_v2": {"features.18.2": 491},
    "convnext_tiny": {"features.7.2.add": 1688},
}  # fmt: skip
LARGE = {
    "vgg11": {"features.20": 150},
    "vgg13": {"features.24": 156},
    "vgg19": {"features.36": 268},
    "resnet34": {"layer4.2.relu#2": 899},
    "resnet101": {"layer4.2.relu#3": 971},
    "resnet152": {"layer4.2.relu#3": 1451},
    "densenet161": {"relu": 2967},
    "densenet169": {"relu": 3351},
    "densenet201": {"relu": 3863},
    "convnext_base": {"features.7.2.add": 3416},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_sizes_of_the_large_ones_equal_the_published_ones(name: str) -> None:
    layers = open_named(name, 96, 96).layers
    found = {layer: layers[layer].field.size for layer in LARGE[name]}
    assert found == {layer: (size, size) for layer, size in LARGE[name].items()}


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_equal_the_published_ones(name: str) -> None:
    model = open_named(name, 96, 96)  # a size that ignores the border needs no large image
    found = {layer: model.layers[layer].field for layer in PUBLISHED[name]}
    assert {layer: field.size for layer, field in found.items()} == {
        layer: (size, size) for layer, size in PUBLISHED[name].items()
    }
    assert all(field.exact for field in found.values())


@pytest.mark.parametrize(
    ("make", "layer", "size"),
    [
        # the stride on the first 1 x 1; torchvision's on the 3 x 3 gives 427
        (lambda: resnet(1000, 3, layers=50), "layer4.2.relu#3", 483),
        # true 5 x 5 filters, torchvision's 3 x 3 give 379; the paper's last pool is 3 x 3
        (lambda: googlenet(last_pool=2), "inception5b.cat", 699),
        (lambda: googlenet(), "inception5b.cat", 715),
    ],
)
def test_what_the_papers_wrote_sees_further_than_what_torchvision_built(make, layer, size) -> None:
    with torch.device("meta"):
        model = Model(make(), fit=Fit(224, 224), mean=(0.0,) * 3, std=(1.0,) * 3)
        assert model.layers[layer].field.size == (size, size)


def test_alexnet_strides_and_centres_are_the_published_ones() -> None:
    layers = open_named("alexnet", 224, 224).layers
    fields = [layers[f"features.{index}"].field for index in (0, 3, 6, 8, 10)]
    assert [field.stride for field in fields] == [(4, 4), (8, 8), (16, 16), (16, 16), (16, 16)]
    assert [field.start[0] + (field.size[0] - 1) / 2 for field in fields] == [3, 7, 15, 15, 15]


class Awkward(torch.nn.Module):
    """Everything a rule could get wrong at once: slices, flips of order, padding, branches, a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 4, 5, stride=2, padding=(0, 3))
        self.second = torch.nn.Conv2d(4, 4, 3, padding=2, dilation=2)
        self.up = torch.nn.ConvTranspose2d(4, 4, 4, stride=2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.nn.functional.pad(x, (1, 0, 2, -1))
        x = torch.relu(self.first(x))
        x = x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)[:, :, 1:, ::2]
        parts = x.chunk(2, dim=1)
        x = torch.cat([parts[1], parts[0]], 1) + self.second(x)
        x = torch.nn.functional.max_pool2d(x, 3, 2, 1, ceil_mode=True)
        x = self.up(torch.nn.functional.adaptive_avg_pool2d(x, (3, 2)))
        return (x * x.mean(dim=(2, 3), keepdim=True)).flatten(1)


def test_awkward_operations_have_rules_that_the_probe_confirms() -> None:
    torch.manual_seed(0)
    model = Model(Awkward(), fit=Fit(37, 30), mean=(0.0,) * 3, std=(1.0,) * 3)
    names = ["pad", "first", "slice", "add", "max_pool2d", "adaptive_avg_pool2d", "up", "mul"]
    rows, columns = (poisoned(model, names, axis) for axis in (0, 1))
    for name in names:
        field = model.layers[name].field
        assert field.exact, name
        assert [span(hit) for hit in rows[name]] == [tuple(pair) for pair in field.rows], name
        assert [span(hit) for hit in columns[name]] == [tuple(pair) for pair in field.columns], name


def test_an_operation_without_a_rule_gives_an_upper_bound_and_says_so() -> None:
    class Rolled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 2, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.roll(self.conv(x), 1, dims=2)

    model = Model(Rolled(), fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3)
    field = model.layers["roll"].field
    assert not field.exact
    assert field.stride is None
    assert field.at(0, 0) == (0, 0, 8, 8)
