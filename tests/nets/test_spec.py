"""The spec's grammar: what it reads, how it prints, what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import BadSpec
from convscope.nets.spec import Convolve, Dense, Drop, GlobalPool, Pool, Spec, parse

small = st.integers(1, 40)
padding = st.sampled_from(["valid", "same", "full", "causal", 0, 3])
blocks = st.one_of(
    st.builds(Convolve, small, small, small, small, padding, st.booleans()),
    st.builds(Pool, st.sampled_from(["max", "mean"]), small, small, padding),
    st.builds(GlobalPool),
    st.builds(Drop, st.floats(0, 0.999, allow_subnormal=False)),
    st.builds(Dense, small),
)


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
        ("0c3", r"'0c3', token 1 of the network spec: filters starts at 1"),
        ("p0", r"'p0', token 1 of the network spec: size starts at 1"),
        ("d1.0", r"'d1.0', token 1 of the network spec: a rate lies in \[0, 1\)"),
    ],
)
def test_errors_name_the_token_and_its_place(text, message):
    with pytest.raises(BadSpec, match=message):
        parse(text)
