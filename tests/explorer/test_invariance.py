"""The page of moved pictures: its curves, its tables, its file, and what it says without one."""

import json
import re

import pytest

from convscope.atlas import layout
from convscope.atlas.moves import read_invariance
from convscope.errors import BadAtlas
from convscope.explorer.app import create_app
from convscope.explorer.charts import number

from . import synthetic
from .asking import ask


@pytest.fixture(scope="module")
def page(atlas):
    return ask(create_app(atlas), "/invariance/").text


def test_what_was_written_is_read_back(atlas):
    assert read_invariance(atlas).as_dict() == synthetic.moves().as_dict()


def test_there_are_nine_charts_and_each_line_stands_where_its_numbers_say(page):
    charts = re.findall(r'<svg class="moves".*?</svg>', page, re.DOTALL)
    assert len(charts) == 9
    moved = synthetic.moves().moved["translation"]
    points = re.findall(r'points="([^"]*)"', charts[2])  # probability: from 0 to 1 on 116 pixels
    for line, drawn in zip(moved.probability, points, strict=True):
        heights = [float(pair.split(",")[1]) for pair in drawn.split()]
        assert heights == pytest.approx([10 + (1 - value) * 116 for value in line], abs=0.051)
        across = [float(pair.split(",")[0]) for pair in drawn.split()]
        assert (across[0], across[-1]) == (46, 322)


def test_the_first_layer_and_the_last_hidden_one_are_shown_and_all_stand_in_the_table(page):
    assert (
        page.count("relu1: distance</figcaption>")
        == page.count("layer2.0.relu#2: distance</figcaption>")
        == 3
    )
    moves = synthetic.moves()
    for name, *_ in synthetic.LAYERS:
        assert f'<td class="number">{number(moves.relative("scale", name, 8))}</td>' in page
    distance = moves.moved["rotation"].distance["relu1"][1, 3]
    assert f'<td class="number">{number(distance)}</td>' in page


def test_without_a_measurement_the_command_is_named(half_made):
    assert "convscope invariance RUN" in ask(create_app(half_made), "/invariance/").text


def _no_scale(data):
    del data["moved"]["scale"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.update(rows=[1, 77]),
        lambda data: data.update(classes=[1, 44]),
        lambda data: data.update(rows=[1, 3, 4]),
        _no_scale,
        lambda data: data["norm"].update(elsewhere=[1.0, 2.0]),
        lambda data: data["moved"]["rotation"].update(steps=[15.0]),
        lambda data: data["moved"]["rotation"]["probability"][0].__setitem__(0, "high"),
    ],
)
def test_a_damaged_measurement_is_named(own, damage):
    path = own.path / layout.INVARIANCE
    damage(data := json.loads(path.read_text("utf-8")))
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(
        BadAtlas, match=r"invariance\.json is damaged .*`convscope invariance RUN` makes it again"
    ):
        read_invariance(own)
