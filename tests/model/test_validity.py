"""Labels: a map never bears the name of a method that was not applied."""

import warnings

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional

from convscope.model.model import Model
from convscope.model.projection import project
from convscope.model.validity import judge, with_dead
from convscope.plain.fit import Fit
from convscope.plain.validity import Validity


def judged(module: nn.Module, layer: str | None = None, rule: str = "deconvnet", side: int = 32) -> Validity:
    model = Model(module.eval(), fit=Fit(side, side), mean=(0.0,) * 3, std=(1.0,) * 3)
    name = layer or model.output
    torch.manual_seed(0)
    seen = project(model, torch.randn(1, 3, side, side), name, torch.tensor([0]), None, rule)
    return judge(model, model.layers[name], seen.descent, rule)


def stack(*steps: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), *steps, nn.Conv2d(4, 2, 3), nn.Flatten())


class Function(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class Opaque(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x)

    @staticmethod
    def backward(ctx, g: torch.Tensor) -> torch.Tensor:
        return g


def traced():
    with warnings.catch_warnings(action="ignore"):  # they are on their way out of torch
        return torch.jit.trace(lambda x: torch.relu(x) * 2, torch.ones(1, 4, 8, 8))


TRACED = traced()
CASES = {
    "no pool": (stack(nn.ReLU()), "image-independent"),
    "one pool": (stack(nn.ReLU(), nn.MaxPool2d(2)), "pool-only"),
    "two pools": (stack(nn.ReLU(), nn.MaxPool2d(2), nn.ReLU6(), nn.MaxPool2d(2)), "exact"),
    "average pool only": (stack(nn.ReLU(), nn.AvgPool2d(2)), "image-independent"),
    "silu": (stack(nn.SiLU(), nn.MaxPool2d(2), nn.MaxPool2d(2)), "extended"),
    "sigmoid": (stack(nn.Sigmoid(), nn.MaxPool2d(2)), "refused"),
    "clamp": (stack(Function(lambda x: x.clamp(min=0))), "partial"),
    "times its own sign": (stack(Function(lambda x: x * (x > 0)), nn.ReLU()), "partial"),
    "where": (stack(Function(lambda x: torch.where(x > 0, x, 0.0)), nn.ReLU()), "partial"),
    "custom function": (stack(Function(Opaque.apply), nn.ReLU()), "partial"),
    "hardtanh is no rectifier": (stack(nn.Hardtanh(), nn.ReLU()), "partial"),
    "threshold above zero": (stack(nn.Threshold(0.5, 0.0), nn.ReLU()), "partial"),
    "maximum": (stack(Function(lambda x: torch.maximum(x, x * 0)), nn.ReLU()), "partial"),
    "fmax": (stack(Function(lambda x: torch.fmax(x, torch.zeros(1))), nn.ReLU()), "partial"),
    "max of two": (stack(Function(lambda x: torch.max(x, x * 0)), nn.ReLU()), "partial"),
    "half of x and its size": (stack(Function(lambda x: (x + x.abs()) / 2), nn.ReLU()), "partial"),
    "masked": (stack(Function(lambda x: x.masked_fill(x < 0, 0.0)), nn.ReLU()), "partial"),
    "clamp in place": (stack(Function(lambda x: x.clone().clamp_(min=0)), nn.ReLU()), "partial"),
    "leaky, in place": (stack(nn.LeakyReLU(inplace=True)), "image-independent"),
    "a branch is scripted": (stack(Function(lambda x: x + TRACED(x)), nn.ReLU()), "partial"),
}

# the same rectifier however it is written: the map is the true one, not the plain gradient
WRITTEN: dict[str, nn.Module] = {
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "functional": Function(functional.relu),
    "functional in place": Function(lambda x: functional.relu(x, inplace=True)),
    "torch": Function(torch.relu),
    "torch in place": Function(torch.relu_),
    "method": Function(lambda x: x.relu()),
    "method in place": Function(lambda x: x.relu_()),
    "threshold": Function(lambda x: functional.threshold(x, 0.0, 0.0)),
    "hardtanh": Function(lambda x: functional.hardtanh(x, 0.0, 1e9)),
}


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_rectifier_is_treated_however_it_is_written(written: str, rule: str) -> None:
    torch.manual_seed(1)
    plain = stack(nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
    torch.manual_seed(1)
    other = stack(WRITTEN[written], nn.Conv2d(4, 4, 3), WRITTEN[written])
    maps = [signal(module, rule) for module in (plain, other)]
    assert torch.equal(*maps)
    assert not torch.equal(maps[1], signal(other, "gradient"))
    found = judged(other, rule=rule)
    assert (found.rectified, found.rectifiers) == (2, 2)


def signal(module: nn.Module, rule: str) -> torch.Tensor:
    model = Model(module.eval(), fit=Fit(16, 16), mean=(0.0,) * 3, std=(1.0,) * 3)
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return project(model, image, model.output, torch.tensor([0]), None, rule).signal


def test_response_normalisation_that_is_handed_through_is_no_gate() -> None:
    norm = stack(nn.LocalResponseNorm(3), nn.ReLU())
    assert judged(norm).labels == ("image-independent",)
    assert "quotient of two maps: its own gradient" in judged(norm, rule="gradient").notes


def test_what_no_table_knows_is_taken_for_a_gate() -> None:
    found = judged(stack(Function(torch.sin), nn.ReLU()))
    assert found.labels == ("exact",)
    assert found.notes == ("sin: its own gradient",)


@pytest.mark.parametrize("case", CASES)
def test_the_gravest_label_comes_first(case: str) -> None:
    module, label = CASES[case]
    assert judged(module).label == label


def test_sentences_name_what_was_not_treated() -> None:
    assert "OpaqueBackward cannot be seen into" in judged(CASES["custom function"][0]).sentence
    assert "where may hide a rectifier" in judged(CASES["where"][0]).sentence
    assert (
        "silu treated like a rectifier, which the paper does not describe"
        in judged(CASES["silu"][0]).sentence
    )
    assert "only sigmoid" in judged(CASES["sigmoid"][0]).sentence


def test_the_plain_gradient_claims_nothing_about_rectifiers() -> None:
    assert judged(CASES["where"][0], rule="gradient").label == "exact"
    assert judged(CASES["no pool"][0], rule="gradient").label == "exact"


def test_resnets_depend_on_the_image_through_the_stem_pool_only() -> None:
    found = judged(torchvision.models.resnet18(weights=None), "layer3.0.relu#2", side=64)
    assert found.labels == ("pool-only",)
    assert (found.rectified, found.rectifiers) == (11, 11)


def test_a_unit_that_is_not_above_zero_is_called_dead() -> None:
    exact = Validity("exact", "s.", ("exact",), 1, 1)
    assert with_dead(exact, 0.5) is exact
    assert with_dead(exact, 0.0).labels == ("dead",)
    assert with_dead(Validity("partial", "s.", ("partial",)), -1.0).labels == ("partial", "dead")
    assert "is not above zero here (-1)" in with_dead(exact, -1.0).sentence
