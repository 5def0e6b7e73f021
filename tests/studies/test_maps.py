"""Activation maps against module hooks on a copy, and against what torch's functions give."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import convscope as cs
from convscope.model.model import Model
from convscope.plain.fit import Fit

IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def opened(module: nn.Module) -> Model:
    return Model(module, fit=Fit(16, 16), mean=(0.5,) * 3, std=(0.25,) * 3, name="net")


def typical(*, inplace: bool = False) -> nn.Sequential:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace), nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 3), nn.ReLU(inplace), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 5),
    )  # fmt: skip
    net[1].running_mean.uniform_(-1, 1)
    return net


def hooked(module: nn.Module, batch: torch.Tensor) -> dict[str, np.ndarray]:
    """What a copy's modules return, seen by module hooks."""
    twin, seen = copy.deepcopy(module).eval(), {}
    for name, part in twin.named_modules():
        if name:
            part.register_forward_hook(
                lambda _, __, output, name=name: seen.update({name: output.detach().clone().numpy()[0]})
            )
    twin(batch)
    return seen


def test_maps_are_what_module_hooks_see_exactly() -> None:
    model = opened(typical())
    expected = hooked(model.module, model.preprocess(IMAGE)[None])
    found = cs.maps(model, IMAGE).layers
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name].array, array)


def test_a_map_before_a_rectifier_in_place_keeps_its_negative_values() -> None:
    model = opened(typical(inplace=True))
    conv = model.module[0]
    before = functional.conv2d(model.preprocess(IMAGE)[None], conv.weight, conv.bias, padding=1)
    found = cs.maps(model, IMAGE).layers
    np.testing.assert_allclose(found["0"].array, before[0].detach().numpy(), atol=1e-6)
    assert found["1"].low < 0 == found["2"].low
    np.testing.assert_array_equal(found["2"].array, np.maximum(found["1"].array, 0))


def test_one_layer_is_the_same_as_among_all() -> None:
    model = opened(typical())
    (alone,) = cs.maps(model, IMAGE, "4").layers.values()
    np.testing.assert_array_equal(alone.array, cs.maps(model, IMAGE).layers["4"].array)
    assert (alone.kernel, alone.field, alone.size) == ("3x3", (8, 8), "4 maps of 6x6")


def test_blocks_begin_at_convolutions_and_stages_have_words() -> None:
    blocks = [[layer.name for layer in block] for block in cs.maps(opened(typical()), IMAGE).blocks()]
    assert blocks == [["0", "1", "2", "3"], ["4", "5", "6", "7"], ["8"]]
    stages = [layer.stage for layer in cs.maps(opened(typical()), IMAGE).layers.values()]
    assert stages[0] == "as the convolution gives it"
    assert stages[2:4] == ["after ReLU", "after pooling (max_pool2d)"]


def test_the_classes_named_are_the_softmax_of_the_scores() -> None:
    model = opened(typical())
    shares = model.scores(model.preprocess(IMAGE)[None]).softmax(1)[0]
    named = cs.maps(model, IMAGE).named
    assert [name for name, _ in named] == [f"class {int(i)}" for i in shares.argsort(descending=True)[:3]]
    assert [share for _, share in named] == pytest.approx(shares.sort(descending=True).values[:3].tolist())


def test_channels_last_networks_give_channels_first() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(6, 5)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.conv(x).permute(0, 2, 3, 1)).mean((1, 2))

    found = cs.maps(opened(Last()), IMAGE).layers
    assert found["conv"].array.shape == (6, 14, 14)
    assert found["fc"].array.shape == (5, 14, 14)


def test_a_sheet_shows_the_strongest_of_the_block_in_one_order() -> None:
    seen = cs.maps(opened(typical()), IMAGE)
    own, last = (np.argsort(-seen.layers[name].array.max(axis=(1, 2)), kind="stable")[:4] for name in "03")
    assert own.tolist() != last.tolist()  # the normalisation between them has changed it
    assert [seen.shown(seen.layers[name], 4).tolist() for name in "0123"] == [last.tolist()] * 4
    assert seen.shown(seen.layers["0"]).tolist() == list(range(6))


def test_the_model_is_left_as_it_was() -> None:
    module = typical(inplace=True).train()
    before = opened(copy.deepcopy(module)).id
    cs.maps(opened(module), IMAGE)
    assert module.training
    assert opened(module).id == before
    assert not any(part._forward_hooks for part in module.modules())


def test_saving_writes_a_sheet_a_layer_and_a_page(tmp_path) -> None:
    seen = cs.maps(opened(typical()), IMAGE)
    page = seen.save(tmp_path / "maps").read_text("utf-8")
    assert {path.name for path in (tmp_path / "maps").iterdir()} == {
        "index.html", "input.png", *(f"{name}.png" for name in seen.layers)
    }  # fmt: skip
    assert page.count("<img ") == 1 + len(seen.layers) == page.count('alt="')
    assert "<script" not in page
    assert "http" not in page


def test_errors_name_the_value_and_the_next_step(tmp_path) -> None:
    model = cs.open_model("4c3 p2", input_size=16, classes=2)
    with pytest.raises(cs.ConvscopeError, match=r"unknown layer 'rellu1': did you mean relu1"):
        cs.maps(model, IMAGE, "rellu1")
    with pytest.raises(cs.ConvscopeError, match=r"emoji holds [\d,]+ pictures: maps are of one picture"):
        cs.maps(model, "emoji")
