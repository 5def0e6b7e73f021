"""The figure of a real network: its maps are torch's own, and its frames what the chain of windows sees."""

import numpy as np
import pytest
import torch
from torch import nn

import convscope as cs
from convscope.ask.figure import figure, leveled, seen, sheets_of
from convscope.model.model import Model
from convscope.plain.figure import Column, Stack
from convscope.plain.fit import Fit

SPEC = "6c3 p2 8c3s2:1 fc5"


@pytest.fixture(scope="module")
def model() -> Model:
    return cs.open_model(SPEC, input_size=24, classes=("cat", "dog", "emu"), seed=3)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (24, 24, 3), dtype=np.uint8)


def hooked(model: Model, photo: np.ndarray) -> dict[str, np.ndarray]:
    """Module outputs by torch's own forward hooks."""
    values: dict[str, np.ndarray] = {}
    handles = [
        module.register_forward_hook(
            lambda _, __, out, name=name: values.update({name: out[0].detach().numpy().copy()})
        )
        for name, module in model.module.named_children()
    ]
    with torch.no_grad():
        model.module(model.preprocess(photo)[None])
    for handle in handles:
        handle.remove()
    return values


def test_sheets_are_the_networks_own_maps_under_one_stated_scale(model: Model, photo: np.ndarray) -> None:
    truth = hooked(model, photo)
    stacks = [item for item in figure(model, photo).pictures if isinstance(item, Stack)]
    assert [stack.name for stack in stacks] == ["conv1", "pool1", "conv2"]
    for stack, layer in zip(stacks, ("relu1", "pool1", "relu2"), strict=True):
        maps = truth[layer]
        assert stack.size == (*maps.shape[1:], maps.shape[0])
        shown = maps[list(stack.channels)]
        assert stack.scale == pytest.approx(np.percentile(shown[shown != 0], 99.5))
        levels = np.clip(np.rint(shown / stack.scale * 255), 0, 255)
        assert np.abs(np.stack(stack.sheets) - levels).max() <= 1
        assert stack.ramp == "positive"


def test_the_liveliest_maps_come_first(model: Model, photo: np.ndarray) -> None:
    maps = hooked(model, photo)["relu1"]
    spread = [np.abs(one - one.mean()).mean() for one in maps]
    stack = figure(model, photo).pictures[0]
    assert isinstance(stack, Stack)
    assert list(stack.channels) == sorted(range(6), key=lambda c: -spread[c])[: sheets_of(6)]


def test_frames_are_what_autograd_finds(model: Model, photo: np.ndarray) -> None:
    """The marked cell of conv2 looks at the pixels of pool1 that its gradient reaches."""
    stacks = [item for item in figure(model, photo).pictures if isinstance(item, Stack)]
    pool1, conv2 = stacks[1], stacks[2]
    maps = torch.zeros(1, 6, *pool1.size[:2], requires_grad=True)
    weight = torch.ones(1, 6, 3, 3)
    out = nn.functional.conv2d(maps, weight, stride=2, padding=1)
    assert conv2.cell is not None
    y, x = round(conv2.cell.top * out.shape[2]), round(conv2.cell.left * out.shape[3])
    out[0, 0, y, x].backward()
    reached = maps.grad[0, 0].nonzero()
    (top, left), (bottom, right) = reached.min(0).values.tolist(), (reached.max(0).values + 1).tolist()
    assert conv2.sees == pytest.approx((left / 12, top / 12, right / 12, bottom / 12))


def test_the_marked_cell_is_the_highest_of_the_front_sheet(model: Model, photo: np.ndarray) -> None:
    maps, stack = hooked(model, photo)["relu1"], figure(model, photo).pictures[0]
    front = maps[stack.channels[0]]
    y, x = np.unravel_index(front.argmax(), front.shape)
    assert stack.cell == pytest.approx((x / 24, y / 24, (x + 1) / 24, (y + 1) / 24))


def test_vectors_become_columns_of_their_strongest_units(model: Model, photo: np.ndarray) -> None:
    truth = hooked(model, photo)
    columns = [item for item in figure(model, photo).pictures if isinstance(item, Column)]
    assert [(column.name, column.units) for column in columns] == [
        ("flatten", 288),
        ("fc1", 5),
        ("logits", 3),
    ]
    assert len(columns[0].levels) == 64
    logits = truth["logits"]
    assert columns[2].ramp == ("signed" if logits.min() < 0 else "positive")
    assert columns[2].levels.argmax() == logits.argmax()


def test_classes_are_the_softmax_of_the_scores(model: Model, photo: np.ndarray) -> None:
    shares = torch.softmax(torch.from_numpy(hooked(model, photo)["logits"]), 0)
    best = sorted(zip(model.classes, shares.tolist(), strict=True), key=lambda pair: -pair[1])
    found = figure(model, photo).classes
    assert [name for name, _ in found] == [name for name, _ in best]
    assert [share for _, share in found] == pytest.approx([share for _, share in best])


def test_negative_maps_keep_their_sign() -> None:
    levels, ramp, scale = leveled(np.array([-2.0, 0.0, 1.0]))
    assert (ramp, levels.tolist()[1]) == ("signed", 128)
    assert levels[0] < 128 < levels[2]
    assert scale == pytest.approx(np.percentile([2, 1], 99.5))


def test_no_frame_is_drawn_where_no_single_box_holds(model: Model) -> None:
    field = model.layers["logits"].field
    assert seen(None, field, (0, 0), (24, 24)) is None


def test_channels_last_networks_and_shortcuts_are_drawn_too(photo: np.ndarray) -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.norm, self.mix = nn.Conv2d(3, 4, 4, 4), nn.LayerNorm(4), nn.Linear(4, 4)
            self.head = nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.stem(x).permute(0, 2, 3, 1)
            x = x + nn.functional.gelu(self.mix(self.norm(x)))
            return self.head(x.mean((1, 2)))

    drawn = figure(Model(Block(), fit=Fit(24, 24), mean=(0.0,) * 3, std=(1.0,) * 3), photo)
    stacks = [item for item in drawn.pictures if isinstance(item, Stack)]
    assert [stack.size for stack in stacks] == [(6, 6, 4), (6, 6, 4)]
    assert "skip sum" in stacks[1].steps
    assert stacks[1].ramp == "signed"


def test_a_deep_network_is_drawn_small_enough_to_mail(photo: np.ndarray) -> None:
    drawn = figure("squeezenet1_1", photo)
    assert len(drawn.svg) < 400_000
    assert any("The weights are random" in note for note in drawn.notes)
    assert [item.name for item in drawn.pictures][-1] == "classifier.3"


def test_the_model_is_left_as_it_was(model: Model, photo: np.ndarray) -> None:
    before = model.id
    figure(model, photo)
    assert (
        cs.open_model(SPEC, input_size=24, classes=("cat", "dog", "emu"), seed=3).id
        == before
        == Model.id.func(model)
    )
    assert not any(module._forward_hooks for module in model.module.modules())
