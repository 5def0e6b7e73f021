"""The figure as a drawing: well-formed, alone, legible, and its embedded maps are the levels it was given."""

import base64
import io
import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from convscope.errors import BadOutput
from convscope.plain.boxes import Box
from convscope.plain.figure import Column, Figure, Stack
from convscope.plain.figure_drawing import column_height, side
from convscope.plain.ramp import coloured_png, colours
from convscope.plain.svg import element, lines_of

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**changes: object) -> Figure:
    chance = np.random.default_rng(0)
    sheets = tuple(chance.integers(0, 256, (4, 6), dtype=np.uint8) for _ in range(3))
    frame = Box(0.5, 0.25, 1.0, 0.75)
    stack = Stack("conv1", (4, 6, 20), ("5×5 conv, stride 2", "ReLU"), "4 blocks", sheets, (7, 2, 11), "positive", 2.5,
                  Box(0, 0, 1 / 6, 0.25), frame)  # fmt: skip
    column = Column("fc", 1000, ("fully connected",), "", np.arange(64, dtype=np.uint8), "signed", 1.0)
    given = {
        "title": "net <7>", "subtitle": "small & quick", "photo": np.zeros((8, 12, 3), np.uint8),
        "pictures": (stack, column), "classes": (("tabby cat", 0.75), ("dog", 0.2)), "notes": ("Random.",),
    }  # fmt: skip
    return Figure(**{**given, **changes})


def root(figure: Figure) -> ElementTree.Element:
    return ElementTree.fromstring(figure.svg)


def texts(figure: Figure) -> list[str]:
    return ["".join(node.itertext()) for node in root(figure).iter(f"{SVG}text")]


def images(figure: Figure) -> list[Image.Image]:
    data = [node.get("href", "").partition("base64,")[2] for node in root(figure).iter(f"{SVG}image")]
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in data]


def test_sizes_steps_names_and_probabilities_are_text() -> None:
    said = texts(drawn())
    for words in ("net <7>", "small & quick", "8 × 12 × 3", "4 × 6 × 20", "4 blocks", "conv1", "ReLU", "1,000",
                  "fully connected", "softmax", "tabby cat", "75.0%", "Random."):  # fmt: skip
        assert words in said


def test_it_is_described_for_who_cannot_see_it() -> None:
    tree = root(drawn())
    assert tree.get("role") == "img"
    assert tree.findtext(f"{SVG}title") == "net <7>"
    assert "5×5 conv, stride 2, ReLU: conv1 (4 blocks), 4 × 6 × 20." in (tree.findtext(f"{SVG}desc") or "")
    assert "tabby cat 75.0%" in (tree.findtext(f"{SVG}desc") or "")


def test_nothing_comes_from_outside() -> None:
    svg = drawn().svg
    assert re.findall(r"https?:[^\"]*", svg) == ["http://www.w3.org/2000/svg"]  # the namespace, a name only
    assert set(re.findall(r'href="(.{11})', svg)) == {"data:image/"}
    assert not re.search(r"url\(|@import|<script", svg)


def test_embedded_maps_are_the_levels_they_were_given() -> None:
    figure = drawn()
    sheets = figure.pictures[0].sheets
    found = [np.asarray(image) for image in images(figure) if image.mode == "P"][:3]
    for sheet, image in zip(reversed(sheets), found, strict=True):  # the hindmost is drawn first
        factor = image.shape[0] // 4
        assert factor >= 16
        assert np.array_equal(image[::factor, ::factor], sheet)
        assert np.array_equal(image, np.kron(sheet, np.ones((factor, factor), np.uint8)))


def test_zero_is_dark_in_both_ramps_and_lightness_only_rises() -> None:
    positive, signed = (colours(ramp).astype(int) for ramp in ("positive", "signed"))
    assert positive[0].tolist() == signed[128].tolist()
    weights = (0.2126, 0.7152, 0.0722)
    assert np.all(np.diff(positive @ weights) >= 0)
    assert np.all(np.diff(signed[128:] @ weights) >= 0)
    assert np.all(np.diff(signed[:129] @ weights) <= 0)
    assert signed[190, 2] > signed[190, 0]  # blue above zero
    assert signed[66, 0] > signed[66, 2]  # amber below


def test_a_map_becomes_the_ramps_colours() -> None:
    levels = np.array([[0, 255]], np.uint8)
    shown = np.asarray(Image.open(io.BytesIO(coloured_png(levels, "positive"))).convert("RGB"))
    assert shown[0, 0].tolist() == colours("positive")[0].tolist()
    assert shown[-1, -1].tolist() == colours("positive")[255].tolist()


def test_drawn_sizes_rise_with_true_ones() -> None:
    assert all(a < b for a, b in pairwise(side(n, 224) for n in (1, 4, 7, 14, 28, 56, 112, 224)))
    assert all(a < b for a, b in pairwise(column_height(n) for n in (2, 10, 100, 1000, 4096)))
    assert side(56, 224) - side(28, 224) == pytest.approx(side(224, 224) - side(112, 224))


def test_the_frame_is_drawn_where_the_cell_looks() -> None:
    tree = root(drawn())
    photo = next(tree.iter(f"{SVG}image"))
    frame = next(node for node in tree.iter(f"{SVG}rect") if node.get("class") == "sees mark")
    x, width = float(photo.get("x", 0)), float(photo.get("width", 0))
    assert float(frame.get("x", 0)) == pytest.approx(x + 0.5 * width, abs=0.02)
    assert float(frame.get("width", 0)) == pytest.approx(0.5 * width, abs=0.02)


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"name": "features.denseblock1", "steps": ("ReLU",)},
        {"name": "fc", "steps": ("global average-pool",)},
    ],
)
def test_words_never_overlap(words: dict) -> None:
    """By the letters' estimated width, in every row of words of a long figure."""
    stack, column = (replace(item, **words) for item in drawn().pictures)
    many = root(drawn(pictures=(stack,) * 9 + (column,) * 4))
    rows: dict[str, list[tuple[float, float]]] = {}
    for node in many.iter(f"{SVG}text"):
        if node.get("text-anchor") == "middle":
            half = len("".join(node.itertext())) * 6.4 / 2
            rows.setdefault(node.get("y", ""), []).append(
                (float(node.get("x", 0)) - half, float(node.get("x", 0)) + half)
            )
    assert len(rows) >= 3
    for spans in rows.values():
        assert all(a[1] <= b[0] for a, b in pairwise(sorted(spans)))


def test_it_has_its_own_card_in_light_and_dark() -> None:
    svg = drawn().svg
    assert "prefers-color-scheme: dark" in svg
    assert 'class="card"' in svg
    assert "var(" not in svg  # slide programs do not know it


@pytest.mark.parametrize("name", ["net.png", "net", "net.pdf"])
def test_another_suffix_is_refused_with_the_next_step(tmp_path, name: str) -> None:
    with pytest.raises(BadOutput, match=r"its name ends in \.svg\. Write .*net\.svg; browsers"):
        drawn().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_notebooks_show_what_is_saved(tmp_path) -> None:
    figure = drawn()
    path = figure.save(tmp_path / "new" / "net.svg")
    assert path.read_text("utf-8") == figure._repr_svg_() == figure.svg


def test_elements_are_escaped_and_numbers_short() -> None:
    assert element("rect", x=1.0, title='"<&', class_="a") == """<rect x="1" title='"&lt;&amp;' class="a"/>"""
    assert lines_of(("3×3 max-pool, stride 2",), 20) == ["3×3 max-pool,", "stride\N{NO-BREAK SPACE}2"]
