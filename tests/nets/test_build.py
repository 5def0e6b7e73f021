"""What a spec builds, against the literature's numbers and the module itself."""

import pytest
import torch
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from torch import nn

from convscope.errors import BadSpec
from convscope.nets import typical
from convscope.nets.build import build
from convscope.nets.layout import lay_out
from convscope.nets.spec import parse

MNIST = {"classes": 10, "channels": 1, "height": 28, "width": 28}
tokens = st.sampled_from(
    [
        "4c3",
        "4c3s2bn",
        "2c2x2:full",
        "2c1:valid",
        "p2",
        "a3s1:same",
        "p2:causal",
        "d0.5",
        "6c3g2-prelu",
        "dw3s2bn-silu",
        "4c1-linear",
        "l2p2",
        "lrn",
        "4c3-sigmoid",
        "gap6",
        "gmp2",
    ]
)


def test_names_count_each_kind():
    net = build("4c3bn p2 8c3 a2 d0.5 fc6 fc5", **MNIST)
    assert list(dict(net.named_children())) == [
        "conv1", "bn1", "relu1", "pool1", "conv2", "relu2", "pool2", "dropout1",
        "flatten", "fc1", "relu3", "fc2", "relu4", "logits",
    ]  # fmt: skip


def test_a_dense_layer_would_have_cost():
    row = lay_out(parse("20c5:valid"), **MNIST)[0]
    assert row.dense_parameters == (784 + 1) * 24 * 24 * 20


@settings(deadline=None, max_examples=40)
@given(st.lists(tokens, max_size=4), st.sampled_from(["", "fc7", "gap", "gmp fc3-tanh"]))
def test_the_layout_says_what_the_module_does(convolutional, head):
    text = " ".join([*convolutional, head]).strip() or "fc3"
    size = {"classes": 3, "channels": 2, "height": 17, "width": 22}
    try:
        maps, net = torch.zeros(2, 2, 17, 22), build(text, **size)
    except BadSpec:  # such as a pool after "gmp2" and a stride: one row is left
        reject()
    for row, layer in zip(lay_out(parse(text), **size), net, strict=True):
        assert tuple(maps.shape[1:]) == row.before
        maps = layer(maps)
        assert tuple(maps.shape[1:]) == row.after
        assert sum(parameter.numel() for parameter in layer.parameters()) == row.parameters


def test_windows_that_do_not_fit_are_refused_with_the_sizes():
    with pytest.raises(
        BadSpec, match=r"'p9' does not fit: its window spans 9 pixels, the map before it is 7x7"
    ):
        build("4c3 p2 p2 p9", **MNIST)


def test_maps_are_needed_after_a_dense_layer_too():
    with pytest.raises(BadSpec, match=r"'4c3' needs maps, but a fully connected layer comes before it"):
        build("fc10 4c3", **MNIST)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("6c3g4 p2", "6 filters cannot be divided into 4"),
        ("6c3 4c3g4", r"'4c3g4' cannot divide the 6 maps before it into 4 equal groups"),
        ("6c3-tanh sp2", r"'sp2' draws each value by its size, so none may be negative: activate with relu"),
        ("6c3 6c3-linear sp2", r"'sp2' draws each value"),
        ("sp2", r"'sp2' draws each value"),
    ],
)
def test_blocks_that_do_not_follow_from_what_is_before_them(spec, message):
    with pytest.raises(BadSpec, match=message):
        build(spec, **MNIST)


def test_grouped_and_depthwise_filters_read_only_their_own_maps():
    net = build("6c3 8c3g2 dw5", **MNIST)
    assert net.conv2.weight.shape == (8, 3, 3, 3)
    assert net.conv3.weight.shape == (8, 1, 5, 5)
    rows = {row.name: row for row in lay_out(parse("6c3 8c3g2 dw5"), **MNIST)}
    assert rows["conv2"].multiply_adds == 8 * 3 * 9 * 28 * 28
    assert rows["conv3"].multiply_adds == 8 * 25 * 28 * 28


def test_signal_neither_dies_nor_explodes_at_the_start():
    torch.manual_seed(0)
    net = build("32c5 32c3 32c3 32c3", **MNIST)
    out = net[:-2](torch.randn(8, 1, 28, 28))
    assert 0.3 < out.pow(2).mean() < 3  # He's rule keeps the second moment near one


def test_same_seed_same_weights():
    nets = []
    for _ in range(2):
        torch.manual_seed(3)
        nets.append(build("4c3 p2", **MNIST))
    assert torch.equal(nets[0].conv1.weight, nets[1].conv1.weight)


@pytest.mark.parametrize("side", [8, 16, 28, 64, 96, 128, 224])
@pytest.mark.parametrize("patient", [False, True])
def test_the_typical_network_fits_every_size(side, patient):
    size = {"classes": 3, "channels": 3, "height": side, "width": side}
    net = build(typical(side, side, patient=patient), **size)
    assert net(torch.zeros(2, 3, side, side)).shape == (2, 3)
    assert not any(getattr(layer, "inplace", False) for layer in net if isinstance(layer, nn.ReLU))
