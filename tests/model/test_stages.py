"""The spine against removed calls, and the stages of networks whose textbook figures are known."""

from functools import cache

import pytest
import torch
from torch import nn

from convscope.ask.sketch import sketch
from convscope.model.model import Model
from convscope.model.spine import between, spine
from convscope.model.stages import stages
from convscope.plain.fit import Fit


def model_of(module: nn.Module, side: int = 8, channels: int = 3) -> Model:
    fit = Fit(side, side, channels=channels)
    return Model(module, fit=fit, mean=(0.0,) * channels, std=(1.0,) * channels)


@cache
def sketched(name: str) -> Model:
    return sketch(name)


def dominators(model: Model) -> set[int]:
    """Slow and literal: a call is on the spine if the output cannot be reached without it."""
    calls = {call.index: {value.call for value in call.inputs} for call in model.record.calls}

    def reaches(without: int) -> bool:
        seen, open_ = set(), [model.record.output.call]
        while open_:
            index = open_.pop()
            if index == -1:
                return True
            if index not in seen and index != without:
                seen.add(index)
                open_ += calls[index]
        return False

    return {call.index for call in between(model.record) if not reaches(call.index)}


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "squeezenet1_1"])
def test_the_spine_is_what_cannot_be_gone_around(name: str) -> None:
    model = sketched(name)
    assert {call.index for call in spine(model.record)} == dominators(model)


def test_a_shortcut_around_everything_leaves_only_the_sum() -> None:
    class Around(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return (x + self.conv(x).relu()).mean((2, 3))

    assert [call.operation for call in spine(model_of(Around()).record)] == ["add", "mean"]


def lines(model: Model) -> list[str]:
    return [
        f"{stage.name} {'x'.join(map(str, stage.layer.shape))}: {', '.join(stage.steps)}"
        + (f" [{stage.folded}]" if stage.folded else "")
        for stage in stages(model)
    ]


def test_a_plain_stack_is_drawn_as_nielsen_draws_it() -> None:
    assert lines(sketch("20c5:valid p2 40c5:valid p2 fc100", input_size=28, classes=10)) == [
        "conv1 20x24x24: 5×5 conv, ReLU",
        "pool1 20x12x12: 2×2 max-pool",
        "conv2 40x8x8: 5×5 conv, ReLU",
        "pool2 40x4x4: 2×2 max-pool",
        "flatten 640: flatten",
        "fc1 100: fully connected, ReLU",
        "logits 10: fully connected",
    ]


def test_a_residual_network_is_folded_by_module() -> None:
    """Layers, sizes and blocks of He et al. 2015, table 1."""
    sums = [2, 2, 2, 2]
    found = lines(sketched("resnet18"))
    assert found[:2] == ["conv1 64x112x112: 7×7 conv, stride 2, batch norm, ReLU",
                         "maxpool 64x56x56: 3×3 max-pool, stride 2"]  # fmt: skip
    for line, layer, blocks, shape in zip(
        found[2:6], (1, 2, 3, 4), sums, ("64x56x56", "128x28x28", "256x14x14", "512x7x7"), strict=True
    ):
        assert line.startswith(f"layer{layer} {shape}: ")
        assert line.endswith(f"{blocks} skip sums [{blocks} blocks]")
    assert found[6:] == ["avgpool 512x1x1: global average-pool", "fc 1000: fully connected"]


def test_thirteen_convolutions_are_folded_by_size() -> None:
    """VGG-16: two, two, three, three, three convolutions between the poolings (Simonyan 2014, table 1)."""
    found = [stage for stage in stages(sketched("vgg16")) if not stage.is_vector]
    assert [stage.layer.shape[1] for stage in found] == [224, 112, 56, 28, 14, 7]
    assert [stage.steps[-2] for stage in found[:5]] == [f"{n} × 3×3 conv" for n in (2, 2, 3, 3, 3)]
    assert [stage.folded for stage in found] == [
        "2 layers",
        "3 layers",
        "4 layers",
        "4 layers",
        "4 layers",
        "",
    ]


@pytest.mark.parametrize(
    "name", ["googlenet", "densenet121", "mobilenet_v2", "convnext_tiny", "efficientnet_b0"]
)
def test_deep_networks_stay_legible_and_keep_every_size(name: str) -> None:
    model = sketched(name)
    found = stages(model)
    maps = [stage.layer for stage in found if not stage.is_vector]
    assert len(maps) <= 9
    assert {layer.height for layer in maps} >= {56, 28, 14, 7}
    assert found[-1].layer.shape == (1000,)


def test_gates_and_kernels_are_counted() -> None:
    assert "15 conv (1×1, 3×3)" in lines(sketched("efficientnet_b0"))[4]
    assert "3 channel gates" in lines(sketched("efficientnet_b0"))[4]
    assert "12 conv (1×1, 3×3)" in lines(sketched("googlenet"))[2]
    assert lines(sketched("mobilenet_v2"))[0].endswith("batch norm, ReLU6 [2 blocks]")
