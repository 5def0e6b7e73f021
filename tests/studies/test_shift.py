"""Shifts against literal versions, identities and planted answers."""

import numpy as np
import pytest
import torch
from torch import nn

import convscope as cs
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.plain.shifts import Shift
from convscope.studies.shift import shifted

CHANCE = np.random.default_rng(0)
IMAGE = CHANCE.integers(0, 256, (16, 16, 3), dtype=np.uint8)
WHOLE = torch.from_numpy(CHANCE.integers(-4, 5, (3, 16, 16)).astype(np.float32))  # exact in any order of sums


def opened(module: nn.Module, channels: int = 3, side: int = 16) -> Model:
    plain = {"mean": (0.5,) * channels, "std": (0.25,) * channels}
    return Model(module, fit=Fit(side, side, channels=channels), name="net", **plain)


def typical() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(384, 5)
    )


def whole(module: nn.Module) -> nn.Module:
    """The module with small whole numbers for weights."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randint(-3, 4, weight.shape, generator=generator))
    return module


def source(place: int, border: str, length: int) -> int:
    """Which pixel a place outside the picture shows, one step at a time."""
    while not 0 <= place < length:
        if border == "wrap":
            place += length
        elif border == "edge":
            place = 0
        else:
            place = -place if place < 0 else 2 * (length - 1) - place
    return place


@pytest.mark.parametrize("border", ["reflect", "edge", "wrap"])
@pytest.mark.parametrize(("axis", "down", "right"), [("x", 0, 1), ("y", 1, 0), ("both", 1, 1)])
def test_every_pixel_comes_from_where_it_should(border, axis, down, right) -> None:
    found = shifted(WHOLE, (0, 1, 5), Shift(axis=axis, border=border)).numpy()
    for place, step in enumerate((0, 1, 5)):
        rows = [source(y - step * down, border, 16) for y in range(16)]
        columns = [source(x - step * right, border, 16) for x in range(16)]
        np.testing.assert_array_equal(found[place], WHOLE.numpy()[:, rows][:, :, columns])


def test_no_shift_is_exactly_no_change() -> None:
    seen = cs.shift(opened(typical()), IMAGE, by="0..2")
    for layer in seen.model.layers.values():
        assert layer.change[0, 0] == 0 < layer.change[0, 1]
    assert seen.model.layers["1"].aligned[0, 0] == 0
    assert seen.model.kept[0, 0]


def test_change_is_distance_over_norm_of_what_a_plain_forward_gives() -> None:
    model = opened(typical())
    seen = cs.shift(model, IMAGE, by="3", border="wrap")
    batch = torch.stack([model.preprocess(IMAGE), model.preprocess(np.roll(IMAGE, 3, axis=1))])
    assert list(seen.model.layers) == ["1", "2", "4"]
    for name, layer in seen.model.layers.items():
        before, now = model.module[: int(name) + 1](batch).detach().double().flatten(1)
        assert layer.change[0, 0] == pytest.approx(float((now - before).norm() / before.norm()), rel=1e-5)


def test_the_answer_is_the_softmax_of_the_class_named_without_shift() -> None:
    model = opened(typical())
    seen = cs.shift(model, IMAGE, by="0..8", border="wrap")
    shares = torch.stack([model.preprocess(np.roll(IMAGE, step, axis=1)) for step in range(9)])
    shares = model.scores(shares).softmax(1)
    named = int(shares[0].argmax())
    assert seen.model.probability[0] == pytest.approx(shares[:, named].tolist(), abs=1e-6)
    assert seen.model.kept[0].tolist() == (shares.argmax(1) == named).tolist()


def test_a_linear_network_that_sums_a_circular_picture_does_not_react_at_all() -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    seen = cs.shift(opened(whole(net)), WHOLE, by="0..15", axis="both", border="wrap")
    assert (seen.model.output.change == 0).all()
    assert (seen.model.layers["0"].change[0, 1:] > 0.1).all()
    assert (seen.model.probability == seen.model.probability[0, 0]).all()


def test_a_pool_absorbs_what_stays_inside_its_windows_and_stride_does_not() -> None:
    picture = torch.zeros(1, 8, 8)
    picture[0, ::4, ::4] = 1.0  # the left column of its window: one pixel to the right is inside still
    pooled = nn.Sequential(nn.MaxPool2d(2), nn.Flatten())
    strided = nn.Sequential(nn.Conv2d(1, 1, 2, stride=2), nn.ReLU(), nn.Flatten())
    with torch.no_grad():
        strided[0].weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
        strided[0].bias.zero_()
    mine, theirs = (
        cs.shift(opened(net, 1, 8), picture, by="0..4", border="wrap").model for net in (pooled, strided)
    )
    two_apart = (
        2**0.5
    )  # all ones gone and as many new ones: the square root of twice the number over the number
    assert mine.layers["0"].change[0] == pytest.approx([0, 0, two_apart, two_apart, 0])
    assert theirs.layers["1"].change[0] == pytest.approx([0, 1, two_apart, 1, 0])


def test_a_map_that_only_moves_is_told_from_one_that_changes() -> None:
    net = nn.Sequential(nn.Conv2d(3, 4, 2, stride=2), nn.ReLU(), nn.Flatten())
    layer = cs.shift(opened(whole(net)), WHOLE, by="0..6", axis="y", border="wrap").model.layers["1"]
    assert (layer.change[0, 1:] > 0.1).all()
    assert np.isnan(layer.aligned[0, 1::2]).all()
    assert (layer.aligned[0, ::2] == 0).all()


def test_a_silent_layer_has_no_relative_change() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Flatten())
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([1.0, 1.0]).view(2, 1, 1, 1))
        net[0].bias.copy_(torch.tensor([-9.0, -9.0]))
    picture = torch.zeros(1, 8, 8)
    assert (cs.shift(opened(net, 1, 8), picture, by="1").model.layers["1"].change == 0).all()


def test_a_folder_is_sampled_evenly_and_says_so() -> None:
    pictures = [CHANCE.integers(0, 256, (16, 16, 3), dtype=np.uint8) for _ in range(9)]
    seen = cs.shift(opened(typical()), pictures, by="0,2", sample=3)
    assert (seen.ids, seen.of) == (("00000", "00004", "00008"), 9)
    assert seen.model.output.change.shape == (3, 2)
    alone = cs.shift(opened(typical()), pictures[4], by="0,2")
    np.testing.assert_array_equal(seen.model.output.change[1], alone.model.output.change[0])


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(cs.ConvscopeError, match=r"by 16 pixels moves the 16x16 picture .* choose 0 to 15"):
        cs.shift(opened(typical()), IMAGE, by="0..16")
    other = cs.open_model("4c3 p2", input_size=(3, 8, 8), classes=2)
    with pytest.raises(cs.ConvscopeError, match="4c3 p2 is shown 8x8 pixels, net 16x16"):
        cs.shift(opened(typical()), IMAGE, twin=other)
