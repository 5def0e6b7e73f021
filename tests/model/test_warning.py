"""Faults planted one at a time: each gets its warning and no other; a clean network gets none."""

import re

import pytest
from torch import nn

from convscope.arithmetic.promises import broken_promises
from convscope.ask.sketch import sketch
from convscope.model.model import Model
from convscope.model.warning import PROMISES, warnings_of
from convscope.plain.fit import Fit

CLEAN = (
    "8c5 p2 16c3 p2 16c3 p2 fc8"  # sees 32 of 32 pixels, stride divides every kernel, nothing is left over
)


def warned(net: str, side: int = 32) -> list[tuple[str, tuple[str, ...]]]:
    return [(w.kind, w.layers) for w in warnings_of(sketch(net, input_size=side, classes=4))]


def test_a_clean_network_has_no_warning() -> None:
    assert warned(CLEAN) == []


@pytest.mark.parametrize(
    ("net", "side", "kind", "layers"),
    [
        ("8c3 16c3 fc8", 32, "field-small", ("relu2",)),
        ("8c2s2:valid 8c2s2:valid 8c2s2:valid 8c2s2:valid 8c11", 16, "field-large", ("relu5",)),
        ("8c8s4:2 8c3 8c3 8c3", 32, "aliasing", ("conv1",)),
        ("8c5 p2 16c1s2:valid 16c5 fc8", 32, "unread", ("conv2",)),
        ("8c4 p3s2:1 p3s2:1 16c5 16c5", 31, "uneven-overlap", ("pool1", "pool2")),
        ("8c5 p2 p2 16c5", 30, "dropped", ("pool2",)),
        ("8c5 p2 16c4s2 16c3", 32, "same-shrinks", ("conv2",)),
    ],
)
def test_a_planted_fault_gets_exactly_its_warning(
    net: str, side: int, kind: str, layers: tuple[str, ...]
) -> None:
    assert warned(net, side) == [(kind, layers)]


def test_full_padding_with_a_stride_that_does_not_divide_is_said_with_its_visits() -> None:
    (found,) = warnings_of(sketch("8c3s2:full 8c3 p2 8c3 8c3", input_size=30, classes=4))
    assert found.kind == "full-uneven"
    assert "kernel 3 at stride 2 visits them 2, 1, 2, 1" in found.sentence
    assert warned("8c4s2:full 8c3 p2 8c3 8c3", 28) == []  # 2 divides 4


def test_a_warning_names_the_layers_the_numbers_and_the_next_step() -> None:
    (found,) = warnings_of(sketch("8c5 p2 p2 16c5", input_size=30, classes=4))
    assert str(found).startswith("pool2: of 15x15 the last 1 row and 1 column are left out")
    assert found.step.startswith("Use an input size")
    (small,) = warnings_of(sketch("8c3 16c3 fc8", input_size=(3, 32, 48), classes=4))
    assert "see 5x5 of 32x48 pixels" in small.sentence


def test_rows_and_columns_are_counted_apart() -> None:
    (found,) = warnings_of(sketch("8c5 p2 p2 16c5", input_size=(3, 32, 30), classes=4))
    assert "of 16x15 the last 1 column is left out" in found.sentence


def test_equal_faults_are_one_line_and_long_lists_are_cut() -> None:
    found = warnings_of(sketch("resnet18"))
    assert [w.kind for w in found] == ["uneven-overlap", "uneven-overlap", "unread"]
    assert found[0].layers == ("conv1",)
    assert str(found[1]).startswith(
        "maxpool, layer2.0.conv1, layer3.0.conv1 and 1 more: kernel 3 at stride 2"
    )
    assert found[2].layers == tuple(f"layer{n}.0.downsample.0" for n in (2, 3, 4))
    assert "27 of 56" in found[2].sentence
    assert "the numbers are those of layer2.0.downsample.0" in found[2].sentence


@pytest.mark.parametrize(
    ("name", "side", "large"), [("resnet50", 224, False), ("resnet50", 32, True), ("vgg16", 224, False)]
)
def test_imagenet_networks_fit_their_own_pictures_and_not_tiny_ones(
    name: str, side: int, large: bool
) -> None:
    kinds = {w.kind for w in warnings_of(sketch(name, input_size=side))}
    assert ("field-large" in kinds) == large
    assert "field-small" not in kinds


def test_margins_of_their_own_operation_and_rounding_up_drop_nothing() -> None:
    """Uneven margins are padding; ceil_mode reads what floor would leave out."""
    for pool, kinds in ((nn.MaxPool2d(2, ceil_mode=True), []), (nn.MaxPool2d(2), ["dropped"])):
        module = nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 4, 6, 1), pool, nn.Flatten())
        model = Model(module, fit=Fit(10, 10), mean=(0.0,) * 3, std=(1.0,) * 3)
        conv = model.record.calls[1]
        assert conv.shape[2:] == (6, 6)
        assert [w.kind for w in warnings_of(model)] == []
        odd = Model(module, fit=Fit(11, 11), mean=(0.0,) * 3, std=(1.0,) * 3)
        assert [w.kind for w in warnings_of(odd)] == kinds


def test_every_promise_has_its_warning_but_the_shift_against_tensorflow() -> None:
    axes = [(n, k, s, d, p) for n in (7, 8) for k in (1, 2, 3, 5) for s in (1, 2, 3) for d in (1, 2)
            for p in ("valid", "same", "full", "causal", 0, 1)]  # fmt: skip
    unknown = {
        sentence
        for axis in axes
        for sentence in broken_promises(*axis)
        if not any(phrase in sentence for phrase in PROMISES)
    }
    assert all(re.search("dropped: from|TensorFlow's at|no output", sentence) for sentence in unknown)
