"""Charts and pages, read back as XML."""

from xml.etree import ElementTree

import numpy as np
import pytest

from convscope.plain.chart import Line, Panel, chart
from convscope.plain.page import document, figure, heading, paragraph, picture, table

SVG = "{http://www.w3.org/2000/svg}"
X, Y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.0, 0.25, 0.5, 1.0])


def drawn(*lines: Line) -> ElementTree.Element:
    return ElementTree.fromstring(chart([Panel("conv1", "8x8", lines, 2.0)], "words", "pixels"))


def test_points_lie_where_the_numbers_say():
    (path,) = drawn(Line("a", X, Y, X * 0)).iter(f"{SVG}polyline")
    points = np.array([[float(n) for n in point.split(",")] for point in path.get("points", "").split()])
    across, down = points[:, 0] - points[0, 0], points[0, 1] - points[:, 1]
    assert across / across[-1] == pytest.approx(X / 4, abs=0.01)
    assert down / down[-1] == pytest.approx(Y, abs=0.01)


def test_rings_are_drawn_where_there_is_a_value():
    rings = np.array([np.nan, 0.5, np.nan, 1.0])
    assert len(list(drawn(Line("a", X, Y, X * 0, rings=rings)).iter(f"{SVG}circle"))) == 2


def test_what_is_not_defined_is_left_out():
    picture = drawn(Line("a", X, np.array([0.0, 0.5, 0.25, np.nan]), X * 0), Line("b", X, X * np.nan, X * 0))
    assert [len(path.get("points", "").split()) for path in picture.iter(f"{SVG}polyline")] == [3, 0]
    assert "a 0.25" in "".join(picture.itertext())
    assert "nan" not in ElementTree.tostring(picture, "unicode")


def test_names_at_the_ends_do_not_overlap():
    picture = drawn(Line("a", X, Y, X * 0), Line("b", X, Y + 0.01, X * 0, "two"), Line("c<", X, Y, X * 0))
    ends = [
        float(text.get("y", 0)) for text in picture.iter(f"{SVG}text") if text.get("class") in ("one", "two")
    ]
    assert np.diff(ends).min() >= 13
    assert "c< 1.00" in "".join(picture.itertext())


def test_a_page_fetches_nothing_and_escapes_names():
    parts = [heading("<i>"), paragraph("<i>", "lead"), table(["<i>", "b"], [["<i>", "1"]])]
    page = document("<i>", [*parts, figure("<i>", "", picture("a.png", '"<i>', 1, 1))])
    assert "<i>" not in page
    assert "<script" not in page
    assert "http" not in page
    assert "prefers-color-scheme: dark" in page
