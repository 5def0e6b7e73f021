"""Projections on crops against projections on whole images, corners included."""

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from convscope.model.crop import plan_crop
from convscope.model.model import Model
from convscope.model.projection import project, project_crops
from convscope.nets.build import build
from convscope.plain.fit import Fit

torch.set_num_threads(1)

NETS = {
    "alexnet": ("features.1", "features.4", "features.9"),
    "vgg11": ("features.1", "features.9", "features.14"),
    "resnet18": ("relu", "layer1.1.relu#2", "layer2.0.bn2", "layer2.0.downsample.1", "layer2.1.relu#2"),
    "googlenet": ("conv3.relu", "inception3a.branch4.1.relu", "inception3b.cat"),
    "densenet121": ("features.denseblock1.denselayer3.relu1", "features.denseblock1.denselayer6.conv2"),
    "squeezenet1_0": ("features.1", "features.5.cat", "features.8.expand3x3_activation"),
    "mobilenet_v2": ("features.1.conv.2", "features.3.add"),
    "shufflenet_v2_x1_0": ("maxpool", "stage2.0.branch1.1"),
}
CASES = [(name, layer) for name, layers in NETS.items() for layer in layers]
SIDE = 160


def open_named(name: str) -> Model:
    torch.manual_seed(2)
    extra = {"init_weights": False} if name == "googlenet" else {}
    module = getattr(torchvision.models, name)(weights=None, **extra).eval()
    for part in module.modules():  # so that a border treated wrongly shows
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.bias.data.uniform_(-0.5, 0.5)
    return Model(module, fit=Fit(SIDE, SIDE), mean=(0.5,) * 3, std=(0.25,) * 3, name=name)


def placed(crop: torch.Tensor, corner: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """A crop's signal in its whole image; what lies beyond the image must be zero."""
    out, (top, left) = torch.zeros_like(like), (int(n) for n in corner)
    for y in range(crop.shape[1]):
        for x in range(crop.shape[2]):
            if 0 <= top + y < out.shape[1] and 0 <= left + x < out.shape[2]:
                out[:, top + y, left + x] = crop[:, y, x]
            else:
                assert crop[:, y, x].abs().max() == 0
    return out


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_crops_equal_whole_images(name: str, layer: str) -> None:
    model = open_named(name)
    found = model.layers[layer]
    places = [(0, 0), (0, found.width - 1), (found.height - 1, found.width - 1), (found.height // 2, 1)]
    positions, channels = torch.tensor(places), torch.tensor([0, 1, 2, 3])
    batch = torch.randn(4, 3, SIDE, SIDE)
    assert plan_crop(model.record, found) is not None
    for rule in ("deconvnet", "gradient"):
        whole = project(model, batch, layer, channels, positions, rule)
        crops = project_crops(model, batch, layer, channels, positions, rule)
        assert crops.signal.shape[2] < SIDE
        torch.testing.assert_close(crops.values, whole.values, rtol=1e-4, atol=1e-5)
        for crop, corner, expected in zip(crops.signal, crops.corners, whole.signal, strict=True):
            scale = expected.abs().max().clamp(min=1e-12)
            assert float((placed(crop, corner, expected) - expected).abs().max() / scale) < 1e-5
        assert crops.descent.rectifiers == whole.descent.rectifiers


def test_in_double_precision_they_agree_to_ten_digits() -> None:
    model = open_named("squeezenet1_0")
    assert model.layers  # recorded while it is still in float32
    model.module.double()
    batch = torch.randn(2, 3, SIDE, SIDE, dtype=torch.float64)
    positions, channels = torch.tensor([[0, 3], [9, 9]]), torch.tensor([5, 6])
    whole = project(model, batch, "features.5.cat", channels, positions)
    crops = project_crops(model, batch, "features.5.cat", channels, positions)
    for crop, corner, expected in zip(crops.signal, crops.corners, whole.signal, strict=True):
        assert float((placed(crop, corner, expected) - expected).abs().max() / expected.abs().max()) < 1e-10


@pytest.mark.parametrize("padding", ["valid", "same", "full", "causal"])
def test_named_padding_is_blanked_where_it_was(padding: str) -> None:
    torch.manual_seed(0)
    module = build(
        f"4c3:{padding} p2 5c4s2:{padding} 6c3:{padding}", classes=2, channels=3, height=48, width=44
    )
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.uniform_(part.bias, 0.1, 0.5)
    model = Model(module, fit=Fit(48, 44), mean=(0.5,) * 3, std=(0.25,) * 3)
    layer = model.layers["relu3"]
    places = torch.tensor([[0, 0], [layer.height - 1, layer.width - 1], [1, 2]])
    batch = torch.randn(3, 3, 48, 44)
    whole = project(model, batch, "relu3", torch.tensor([0, 1, 2]), places)
    crops = project_crops(model, batch, "relu3", torch.tensor([0, 1, 2]), places)
    assert crops.signal.shape[2] < 48
    for crop, corner, expected in zip(crops.signal, crops.corners, whole.signal, strict=True):
        torch.testing.assert_close(placed(crop, corner, expected), expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("size", [(48, 44), (45, 47)])
@pytest.mark.parametrize(
    "spec", ["4c7s2 p2 5c3 p2 6c3", "4c3s2 p3s2:same 5c4s2 6c3", "4c4 p2s2:same 5c5s2 6c4s2"]
)
def test_what_pads_by_size_is_cropped_too(
    spec: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    height, width = size
    module = build(spec, classes=2, channels=3, height=height, width=width)
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.uniform_(part.bias, 0.1, 0.5)
    model = Model(module, fit=Fit(height, width), mean=(0.5,) * 3, std=(0.25,) * 3)
    batch = torch.randn(3, 3, height, width)
    for name in ("relu2", "relu3"):
        layer = model.layers[name]
        places = torch.tensor([[0, 0], [layer.height - 1, layer.width - 1], [1, 2]])
        whole = project(model, batch, name, torch.tensor([0, 1, 2]), places)
        with monkeypatch.context() as patch:  # so that nothing falls back
            patch.delattr("convscope.model.projection.project")
            crops = project_crops(model, batch, name, torch.tensor([0, 1, 2]), places)
        for crop, corner, expected in zip(crops.signal, crops.corners, whole.signal, strict=True):
            torch.testing.assert_close(placed(crop, corner, expected), expected, rtol=1e-5, atol=1e-7)


class PaddedBesides(nn.Module):
    """Pads by size, and needs what it padded a second time, unpadded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.conv1(x))
        before = 1 if x.shape[2] > 16 else 0  # a crop is smaller
        around = functional.pad(x, (before, 2 - before, before, 2 - before)) if before else x
        return torch.relu(
            functional.conv2d(around, self.conv2.weight, self.conv2.bias, padding=1 - before) + x
        ).flatten(1)


@pytest.mark.parametrize(
    "places", [[[0, 0], [23, 23], [9, 4]], [[9, 9], [12, 4], [7, 20]]], ids=["edge", "inside"]
)
def test_a_value_that_is_padded_can_be_asked_for_unpadded(places: list[list[int]]) -> None:
    torch.manual_seed(1)
    model = Model(PaddedBesides().eval(), fit=Fit(24, 24), mean=(0.5,) * 3, std=(0.25,) * 3)
    name, channels = "relu#2", torch.tensor([0, 1, 2])
    batch = torch.randn(3, 3, 24, 24)
    whole = project(model, batch, name, channels, torch.tensor(places))
    crops = project_crops(model, batch, name, channels, torch.tensor(places))
    assert crops.signal.shape[2] < 24
    for crop, corner, expected in zip(crops.signal, crops.corners, whole.signal, strict=True):
        torch.testing.assert_close(placed(crop, corner, expected), expected, rtol=1e-5, atol=1e-7)


def test_global_mixing_falls_back_to_the_whole_image() -> None:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.conv1(x))
            x = x * torch.sigmoid(functional.adaptive_avg_pool2d(x, 1))
            return self.conv2(x).flatten(1)

    model = Model(Gated().eval(), fit=Fit(32, 32), mean=(0.5,) * 3, std=(0.25,) * 3)
    assert plan_crop(model.record, model.layers["conv2"]) is None
    found = project_crops(
        model, torch.randn(1, 3, 32, 32), "conv2", torch.tensor([1]), torch.tensor([[3, 3]])
    )
    assert found.signal.shape == (1, 3, 32, 32)
    assert found.corners.tolist() == [[0, 0]]
