"""The twin without pools has the same sizes everywhere, in the arithmetic and in torch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.errors import BadSpec
from convscope.nets.blocks import Pool
from convscope.nets.build import build
from convscope.nets.spec import parse
from convscope.nets.twin import without_pools

CONVOLUTIONS = st.sampled_from(["4c3", "5c5bn", "3c2s2", "4c3:valid", "6c3 dw3bn", "4c3-sigmoid lrn"])
POOLS = st.sampled_from(["p2", "a2", "p3s2", "p3s2:same", "p2s1", "p3:1", "l2p2", "sp2"])
SPECS = st.lists(st.tuples(CONVOLUTIONS, POOLS), min_size=1, max_size=2).map(
    lambda pairs: " ".join(token for pair in pairs for token in pair) + " fc6"
)


def sizes(spec: str) -> list[tuple[int, ...]]:
    """What torch gives after every rectifier and pool, and last for the classes."""
    net, value, found = build(spec, classes=3, channels=2, height=26, width=23).eval(), None, []
    value = torch.zeros(1, 2, 26, 23)
    for name, layer in net.named_children():
        value = layer(value)
        if name.startswith(("relu", "sigmoid", "pool", "gap", "logits")):
            found.append(tuple(value.shape))
    return found


@settings(max_examples=25, deadline=None)
@given(SPECS)
def test_all_sizes_stay(spec):
    twin = without_pools(parse(spec))
    assert not any(isinstance(block, Pool) for block in twin.blocks)
    assert sizes(str(twin)) == sizes(spec)


def test_the_mean_over_whole_maps_stays():
    assert str(without_pools(parse("8c3bn p2 gap fc4"))) == "8c3bn 8c2s2bn:valid gap fc4"


def test_the_activation_is_that_of_the_convolution_before():
    assert (
        str(without_pools(parse("8c3-tanh p2 dw3bn l2p3s2")))
        == "8c3-tanh 8c2s2-tanh:valid dw3bn 8c3s2bn:valid"
    )


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("8c3 gap", "'8c3 gap' has no pools"),
        ("p2 8c3", "'p2' comes before any convolution"),
        ("dw3 p2", "'p2' comes before any convolution"),
    ],
)
def test_where_there_is_nothing_to_replace(spec, words):
    with pytest.raises(BadSpec, match=words):
        without_pools(parse(spec))
