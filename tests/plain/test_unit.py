import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.errors import BadSpec
from convscope.plain.unit import Unit

NAMES = st.text("abcXYZ019._:#/@, ", min_size=1).map(str.strip).filter(bool)
NUMBER = st.integers(0, 10**6)


@given(NAMES, NUMBER, st.none() | st.tuples(NUMBER, NUMBER))
def test_a_unit_reads_what_it_prints(layer, channel, position):
    unit = Unit(layer, channel, position)
    assert Unit.parse(str(unit)) == unit


def test_blanks_around_are_ignored():
    assert Unit.parse(" layer1.0.relu#2:7@1,2\n") == Unit("layer1.0.relu#2", 7, (1, 2))


@pytest.mark.parametrize(
    "text", ["", "conv4", "conv4:", ":3", "conv4:x", "conv4:-1", "conv4:1@2", "conv4:1@2,", "conv4:1.5"]
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(BadSpec, match=r"cannot read unit .*LAYER:CHANNEL@Y,X, for example conv4:17"):
        Unit.parse(text)
