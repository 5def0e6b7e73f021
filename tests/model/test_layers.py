"""Which calls become layers, and what a summary says of them."""

import pytest
import torch
import torchvision
from torch import nn

from convscope.errors import BadModel, UnknownName
from convscope.model.model import Model
from convscope.model.reading import read
from convscope.model.summary import summary
from convscope.plain.fit import Fit
from convscope.plain.unit import Unit


def open_named(name: str, side: int = 224) -> Model:
    extra = {"init_weights": False} if name == "googlenet" else {}
    module = getattr(torchvision.models, name)(weights=None, **extra)
    return Model(module, fit=Fit(side, side), mean=(0.0,) * 3, std=(1.0,) * 3, name=name)


def test_a_survey_looks_at_the_ends_of_chains_and_at_sums() -> None:
    model = open_named("resnet18", 64)
    assert model.surveyed[:6] == (
        "relu", "layer1.0.relu", "layer1.0.bn2", "layer1.0.relu#2", "layer1.1.relu", "layer1.1.bn2",
    )  # fmt: skip
    assert model.layers["layer1.0.relu#2"].chain == ("layer1.0.add", "layer1.0.relu#2")
    assert model.layers["relu"].chain == ("conv1", "bn1", "relu")
    assert model.surveyed[-1] == model.output == "fc"


def test_concatenations_are_layers_and_dropout_ends_no_chain() -> None:
    model = open_named("squeezenet1_0", 96)
    assert "features.3.cat" in model.surveyed
    assert "features.12.cat" in model.surveyed
    assert not any(model.layers[name].operation == "dropout" for name in model.surveyed)


# parameters and multiply-adds as published with the torchvision weights
COSTS = {
    "alexnet": (61_100_840, 714_188_480),
    "resnet18": (11_689_512, 1_814_073_344),
    "googlenet": (6_624_904, 1_498_376_192),
    "mobilenet_v2": (3_504_872, 300_774_272),
}


@pytest.mark.parametrize("name", COSTS)
def test_costs_equal_the_published_ones(name: str) -> None:
    table = summary(open_named(name))
    assert (table.parameters, table.multiply_adds) == COSTS[name]


def test_a_dense_layer_in_place_of_a_convolution_is_counted_from_a_real_one() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 2))
    model = Model(module, fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3)
    dense = nn.Linear(3 * 8 * 8, 4 * 6 * 6)
    row = summary(model).rows[0]
    assert row.dense == sum(parameter.numel() for parameter in dense.parameters())
    assert row.parameters == 4 * 3 * 9 + 4
    assert "1 convolutions share 112 parameters" in str(summary(model))


def test_layers_are_read_before_an_in_place_step_overwrites_them() -> None:
    conv = nn.Conv2d(3, 4, 3)
    module = nn.Sequential(conv, nn.ReLU(inplace=True), nn.Flatten())
    model = Model(module, fit=Fit(6, 6), mean=(0.0,) * 3, std=(1.0,) * 3)
    batch, seen = torch.randn(2, 3, 6, 6), {}
    read(
        model,
        batch,
        {"0": lambda out: seen.update(conv=out.clone()), "1": lambda out: seen.update(relu=out.clone())},
    )
    with torch.no_grad():
        assert torch.equal(seen["conv"], conv(batch))
        assert torch.equal(seen["relu"], conv(batch).relu())


def test_a_forward_that_takes_another_way_is_refused() -> None:
    class Moody(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (torch.tanh(x) if bool(x.sum() > 0) else torch.relu(x)).flatten(1)

    model = Model(Moody(), fit=Fit(4, 4), mean=(0.0,) * 3, std=(1.0,) * 3)
    with pytest.raises(BadModel, match="took another way than when it was recorded"):
        read(model, torch.ones(1, 3, 4, 4), {"flatten": lambda _: None})


def test_units_are_checked_against_the_layer() -> None:
    model = open_named("alexnet", 96)
    with pytest.raises(UnknownName, match=r"unknown layer .features\.33.: did you mean features\.3"):
        model.check(Unit("features.33", 0))
    with pytest.raises(UnknownName, match=r"features\.0 has channels 0 to 63"):
        model.check(Unit("features.0", 64))
    with pytest.raises(UnknownName, match="rows 0 to 22, columns 0 to 22"):
        model.check(Unit("features.0", 1, (23, 0)))


def test_identity_is_content_not_name() -> None:
    torch.manual_seed(0)
    first, second = (
        Model(nn.Sequential(nn.Conv2d(3, 2, 3)), fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3) for _ in "ab"
    )
    second.module.load_state_dict(first.module.state_dict())
    same = Model(second.module, fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3, name="other")
    assert first.id == same.id
    other = Model(second.module, fit=Fit(8, 8), mean=(0.1,) * 3, std=(1.0,) * 3)
    assert other.id != first.id
    second.module[0].weight.data[0, 0, 0, 0] += 1e-6
    assert Model(second.module, fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3).id != first.id
