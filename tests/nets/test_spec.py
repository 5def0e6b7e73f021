"""The spec's grammar: what it reads, how it prints, what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import BadSpec
from convscope.nets.activation import ACTIVATIONS, LINEAR
from convscope.nets.blocks import (
    POOL_TOKENS,
    Convolve,
    Dense,
    Drop,
    GlobalPool,
    LocalNorm,
    Pool,
    Spec,
)
from convscope.nets.spec import parse

small = st.integers(1, 40)
activation = st.sampled_from([*ACTIVATIONS, LINEAR])
padding = st.sampled_from(["valid", "same", "full", "causal", 0, 3])
shape = (small, small, small, padding, st.booleans())  # kernel, stride, dilation, padding, norm
blocks = st.one_of(
    st.builds(lambda each, groups, *rest: Convolve(each * groups, *rest[:5], groups, rest[5]),
              small, small, *shape, activation),
    st.builds(lambda *rest: Convolve(None, *rest[:5], activation=rest[5]), *shape, activation),
    st.builds(Pool, st.sampled_from([*POOL_TOKENS]), small, small, padding),
    st.builds(GlobalPool, st.sampled_from(["mean", "max"]), small),
    st.builds(LocalNorm),
    st.builds(Drop, st.floats(0, 0.999, allow_subnormal=False)),
    st.builds(Dense, small, activation),
)  # fmt: skip


@given(st.lists(blocks, min_size=1, max_size=6).map(lambda many: Spec(tuple(many))))
def test_printed_and_read_again_is_the_same(spec):
    assert parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("32c5:same p2 64c3 p2 fc128", "32c5 p2 64c3 p2 fc128"),
        ("8c3x1s1 p2s2:valid", "8c3 p2"),
        ("8c3bnx2s2:full", "8c3s2x2bn:full"),
        ("  a3s2   gap d.5 ", "a3s2 gap d0.5"),
        ("48c5g2s2-relu lrn l2p2s2 sp3s2:same", "48c5s2g2 lrn l2p2 sp3s2:same"),
        ("dw3bns2-relu6:causal gmp gap6 gap1 fc9-tanh", "dw3s2bn-relu6:causal gmp gap6 gap fc9-tanh"),
    ],
)
def test_canonical_form(written, canonical):
    assert str(parse(written)) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"the network spec is empty: write for example"),
        ("32c5 64k3", r"cannot read '64k3', token 2 of the network spec: write for example '32c5"),
        ("8c3s2s2", r"cannot read '8c3s2s2', token 1"),
        ("8c3:half", r"cannot read '8c3:half'"),
        ("dw3g2", r"cannot read 'dw3g2', token 1"),
        (
            "8c3-swish",
            r"'8c3-swish', token 1 of the network spec: unknown activation 'swish': choose one of relu",
        ),
        (
            "10c3g4",
            r"'10c3g4', token 1 of the network spec: 10 filters cannot be divided into 4 equal groups",
        ),
        ("gap0", r"'gap0', token 1 of the network spec: bins starts at 1"),
        ("0c3", r"'0c3', token 1 of the network spec: filters starts at 1"),
        ("p0", r"'p0', token 1 of the network spec: size starts at 1"),
        ("d1.0", r"'d1.0', token 1 of the network spec: a rate lies in \[0, 1\)"),
    ],
)
def test_errors_name_the_token_and_its_place(text, message):
    with pytest.raises(BadSpec, match=message):
        parse(text)
