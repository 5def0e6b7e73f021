"""Projections through graph hooks, against networks whose rectifiers were replaced and against a mirror by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from backward_by_hand import FUNCTIONS, literal_map
from torch import nn
from torch.nn import functional

from convscope.errors import BadModel
from convscope.model.model import Model
from convscope.model.projection import project
from convscope.plain.fit import Fit
from convscope.survey.run import survey

torch.set_num_threads(1)


def close(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference as a share of the largest expected value."""
    found, expected = found.detach(), expected.detach()
    assert expected.abs().max() > 0
    return float((found - expected).abs().max() / expected.abs().max())


def wrap(module: nn.Module, height: int, width: int, channels: int = 3) -> Model:
    return Model(
        module.eval(),
        fit=Fit(height, width, channels=channels),
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )


CASES = [
    ("alexnet", "features.8", (2, 1)),
    ("vgg11", "features.13", (0, 3)),
    ("resnet18", "layer2.1.bn2", (5, 9)),
    ("squeezenet1_1", "features.6.expand3x3_activation", (1, 1)),
]


@pytest.mark.parametrize("rule", ["deconvnet", "guided", "gradient"])
@pytest.mark.parametrize(("name", "layer", "position"), CASES)
def test_equals_the_whole_network_with_rectifiers_replaced(
    name: str, layer: str, position: tuple[int, int], rule: str
) -> None:
    torch.manual_seed(3)
    module = getattr(torchvision.models, name)(weights=None).eval()
    for part in module.modules():  # in-place rectifiers are the usual case, and the literal twin has none
        if isinstance(part, nn.ReLU):
            part.inplace = True
    batch = torch.randn(2, 3, 96, 80)
    expected = literal_map(module, batch[1:], layer, 5, *position, rule)
    found = project(
        wrap(module, 96, 80), batch, layer, torch.tensor([0, 5]), torch.tensor([[1, 1], list(position)]), rule
    )
    assert close(found.signal[1:], expected) < 1e-5


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_functional_rectifiers_are_found(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    module = torchvision.models.googlenet(weights=None, init_weights=False).eval()
    batch = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        maps = nn.Sequential(*list(module.children())[:9])(batch)[0]  # up to inception4a
    channel, y, x = (int(i) for i in torch.nonzero(maps == maps.max())[0])
    unit, place = torch.tensor([channel]), torch.tensor([[y, x]])
    found = project(wrap(module, 64, 64), batch, "inception4a.cat", unit, place, rule)
    plain = project(wrap(module, 64, 64), batch, "inception4a.cat", unit, place, "gradient")
    monkeypatch.setattr(functional, "relu", lambda x, inplace=False: FUNCTIONS[rule].apply(x))
    expected = literal_map(module, batch, "inception4a", channel, y, x, "gradient")
    assert close(found.signal, expected) < 1e-5
    assert close(plain.signal, expected) > 0.1
    assert found.descent.rectified == found.descent.rectifiers > 10


class Ceiling(torch.autograd.Function):
    """ReLU6 whose backward is the line of the rule: below the ceiling or at it, x > 0 is all that counts."""

    @staticmethod
    def forward(ctx, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0, 6)

    @staticmethod
    def backward(ctx, g: torch.Tensor) -> torch.Tensor:
        (x,) = ctx.saved_tensors
        return g * (x > 0) * (g > 0)


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("rule", ["guided", "deconvnet"])
def test_a_unit_at_the_ceiling_of_relu6_sends_its_signal_down(rule: str, inplace: bool) -> None:
    torch.manual_seed(0)
    one, two = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 3, padding=1)
    found_in = wrap(nn.Sequential(one, nn.ReLU6(inplace), two, nn.ReLU6(inplace)), 12, 12)
    pixels = (20 * torch.randn(1, 3, 12, 12)).requires_grad_(True)
    apply = Ceiling.apply if rule == "guided" else FUNCTIONS["deconvnet"].apply
    with torch.no_grad():
        before, after = one(pixels), found_in.module(pixels)
        channel, y, x = (int(i) for i in torch.nonzero(after[0] == 6)[0])
    assert 0.1 < float((before > 6).float().mean()) < 0.9
    (expected,) = torch.autograd.grad(apply(two(apply(one(pixels))))[0, channel, y, x], pixels)
    asked = pixels.detach(), "3", torch.tensor([channel]), torch.tensor([[y, x]])
    found = project(found_in, *asked, rule)
    assert close(found.signal, expected) < 1e-5
    assert found.descent.rectified == 2


class Overwriting(nn.Module):
    """Its second map is overwritten after a sigmoid, whose derivative is made of it."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.one, self.two, self.last = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, size), nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = torch.sigmoid(self.one(x))
        maps += 1
        return self.last(torch.relu(self.two(maps)).mean((2, 3)))


@pytest.mark.parametrize("rule", ["deconvnet", "guided", "gradient"])
def test_a_map_that_was_overwritten_is_named_with_what_to_do(rule: str) -> None:
    model, pixels = wrap(Overwriting(), 12, 12), torch.randn(1, 3, 12, 12)
    says = r"needs the output of Sigmoid, \[1, 4, 10, 10\], .*overwritten.* write y = y \+ 1 .*--project none"
    with pytest.raises(BadModel, match=says):
        project(model, pixels, "relu", torch.tensor([0]), torch.tensor([[1, 1]]), rule)


def test_without_projections_nothing_is_sent_down(tmp_path: Path) -> None:
    torch.manual_seed(0)
    pictures = [np.full((96, 96, 3), 40 * n, dtype=np.uint8) for n in range(4)]
    model = wrap(Overwriting(61), 96, 96)  # of a field so large the middle would be measured
    assert survey(model, pictures, into=tmp_path, project="none", photos=1).stage == "complete"


class Pooled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(2, 5, 5, stride=2, padding=1), nn.Conv2d(5, 4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(torch.relu(self.conv1(x)), 3, 2)
        return torch.relu(self.conv2(x)).flatten(1)


def test_equals_unpool_rectify_filter_by_hand() -> None:
    """The deconvnet as the paper tells it: switches, a rectifier, transposed filters, no biases."""
    torch.manual_seed(1)
    module, batch = Pooled(), torch.randn(1, 2, 25, 27)
    conv1, conv2 = module.conv1, module.conv2
    first = torch.relu(conv1(batch))
    pooled, switches = functional.max_pool2d(first, 3, 2, return_indices=True)
    signal = torch.zeros_like(conv2(pooled))
    signal[0, 2, 1, 2] = 1.0
    signal = functional.conv_transpose2d(signal.clamp(min=0), conv2.weight)
    unpooled = torch.zeros_like(first).flatten(2)  # overlapping switches add, as in the true adjoint
    unpooled.scatter_add_(2, switches.flatten(2), signal.flatten(2))
    signal = unpooled.view_as(first).clamp(min=0)
    size = (
        batch.shape[2] - ((first.shape[2] - 1) * 2 - 2 + 5),
        batch.shape[3] - ((first.shape[3] - 1) * 2 - 2 + 5),
    )
    expected = functional.conv_transpose2d(signal, conv1.weight, stride=2, padding=1, output_padding=size)
    found = project(wrap(module, 25, 27, 2), batch, "relu#2", torch.tensor([2]), torch.tensor([[1, 2]]))
    assert close(found.signal, expected) < 1e-6


def test_a_pool_free_network_gives_every_image_the_same_map() -> None:
    module = torchvision.models.mobilenet_v2(weights=None).eval()
    positions, channels = torch.tensor([[1, 1], [1, 1]]), torch.tensor([3, 3])
    found = project(
        wrap(module, 64, 64), torch.randn(2, 3, 64, 64), "features.6.conv.1.2", channels, positions
    )
    assert torch.equal(found.signal[0], found.signal[1])
    assert found.signal.abs().max() > 0


def test_response_normalisation_hands_the_signal_down_unchanged() -> None:
    torch.manual_seed(0)
    bare = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 2, 3))
    normed = nn.Sequential(bare[0], bare[1], nn.LocalResponseNorm(5, alpha=0.5), bare[2])
    batch, unit, place = torch.randn(1, 3, 12, 12), torch.tensor([1]), torch.tensor([[4, 4]])
    found = project(wrap(normed, 12, 12), batch, "3", unit, place)
    expected = project(wrap(bare, 12, 12), batch, "2", unit, place)
    assert torch.equal(found.signal, expected.signal)


def test_a_first_layer_unit_is_its_own_kernel() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 5, padding=2), nn.ReLU(inplace=True))
    found = project(
        wrap(module, 9, 9), torch.randn(1, 3, 9, 9), "1", torch.tensor([2]), torch.tensor([[4, 3]])
    )
    assert torch.equal(found.signal[0, :, 2:7, 1:6], module[0].weight[2].detach())
    assert found.signal[0, :, :2].abs().max() == 0


def test_without_a_position_the_first_maximum_is_taken() -> None:
    module = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False))
    module[0].weight.data.fill_(1.0)
    image = torch.zeros(1, 1, 4, 5)
    image[0, 0, 1, 3] = image[0, 0, 2, 0] = 2.0
    found = project(wrap(module, 4, 5, 1), image, "0", torch.tensor([0]))
    assert found.positions.tolist() == [[1, 3]]
    assert found.values.tolist() == [2.0]
