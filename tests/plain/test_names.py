import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.plain.names import escape, unescape

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "~",
    "~2e",
    "layer1.0.relu#2",
    "été",
    "con v",
    "\x00",
    ".hidden",
    "end.",
    "A",
    "a",
]


@given(TEXT)
def test_escaping_is_reversible(name):
    assert unescape(escape(name)) == name


@given(TEXT)
def test_an_escaped_name_is_one_safe_path_segment(name):
    escaped = escape(name)
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+", escaped)
    assert not escaped.startswith(".")
    assert not escaped.endswith(".")


@given(TEXT, TEXT)
def test_different_names_stay_different(one, other):
    assert (escape(one) == escape(other)) == (one == other)


@pytest.mark.parametrize("name", NAMES)
def test_awkward_names_make_a_file_and_come_back(tmp_path, name):
    (tmp_path / escape(name)).write_text("here")
    assert [unescape(path.name) for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "escaped"),
    [
        ("conv1", "conv1"),
        ("layer1.0.relu#2", "layer1.0.relu~232"),
        ("a/b", "a~2fb"),
        ("..", "~2e~2e"),
        ("é", "~c3~a9"),
    ],
)
def test_the_escape_never_changes(name, escaped):
    assert escape(name) == escaped  # atlases on disk are named by it
