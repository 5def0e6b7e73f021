"""The page of a why and its addresses, from answers that were stored by hand."""

import re

import pytest

from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.errors import BadAtlas
from convscope.explorer.addresses import why_pages
from convscope.explorer.app import create_app
from convscope.explorer.evidence import overlay
from convscope.explorer.pages import page_addresses
from convscope.plain.why import Why

from . import synthetic
from .asking import ask


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def text(app, path: str) -> str:
    reply = ask(app, path)
    assert reply.status == 200, reply.text
    return " ".join(re.sub("<[^>]*>", " ", reply.text).split())


def test_what_was_written_is_read_back(atlas):
    assert atlas.whys() == list(synthetic.WHYS)
    for row, against in synthetic.WHYS:
        assert atlas.why(row, against) == synthetic.why(row, against)
    assert atlas.why(0, 1) is None


def test_every_stored_why_has_one_address(atlas):
    assert why_pages(atlas) == {
        "image/2/why/": (2, 2), "image/4/why/": (4, 0), "image/4/why/2/": (4, 2),
    }  # fmt: skip
    assert {*why_pages(atlas), "why/"} <= set(page_addresses(atlas))


def test_the_page_prints_the_numbers_it_was_given(app):
    page = text(app, "/image/4/why/")
    for part in (
        "4.25 score of cat &#34;tom&#34; &amp; co minus score of &lt;script&gt;alert(1)&lt;/script&gt; = 4.5 these 3",
        "+ −0.5 the other 127 channels of layer2.0.relu#2 + 0.25 biases",
        "from 70 % to 11 %", "In 3 of 4", "base rate 33 % of 6", "5 of 6 stop.", "its patch 100 % of 6", "−40 points",
        "no &lt;i&gt;labels&lt;/i&gt;.", "all but the thing covered 33 % of 6", "channel 0: supported", "largest deviation 2e-07",
    ):  # fmt: skip
        assert part in page
    assert page.count("Does not show") == 6
    assert "gradient × activation: a first-order estimate" in text(app, "/image/4/why/2/")
    assert "left over" in text(app, "/image/4/why/2/")


def test_the_same_class_by_either_address_is_the_same_page(app):
    """The first why of a row has the short address; its long one answers too, one folder deeper."""
    deeper = ask(app, "/image/4/why/0/").text
    assert (
        deeper.replace("../../../../", "../../../").replace('data-root="../../../', 'data-root="../../../')
        == ask(app, "/image/4/why/").text
    )


def test_an_image_nobody_asked_about_names_the_command(app):
    assert "convscope why RUN 3" in text(app, "/image/3/why/")
    assert "convscope why RUN" in text(app, "/why/")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/image/99/why/", "unknown image &#39;99&#39;.*rows 0 to 5"),
        ("/image/4/why/3/", "unknown why against class &#39;3&#39;.*0, 2"),
    ],
)
def test_what_was_not_asked_is_named(app, path, says):
    reply = ask(app, path)
    assert reply.status == 404
    assert re.search(says, reply.text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"layer": "layer2.0.relu#2"', '"layer": "elsewhere"'),
        ('"against_index": 0', '"against_index": 77'),
        ('"verdict": "supported"', '"verdict": "sure"'),
        ('"channel": 0', '"channel": "x"'),
        ('"lowest": [', '"lowest": [1, '),
        ("{", "["),
    ],
)
def test_a_damaged_why_is_named_and_nothing_else_is_lost(tmp_path, before, after):
    atlas = synthetic.build(tmp_path, pictures=False)
    path = layout.why_file(tmp_path, 4, 0)
    written = path.read_text("utf-8")
    assert before in written
    path.write_text(written.replace(before, after, 1), "utf-8")
    with pytest.raises(BadAtlas, match=r"4-0\.json is damaged"):
        open_atlas(tmp_path).why(4, 0)
    assert isinstance(atlas.why(4, 2), Why)


def test_foreign_names_in_the_folder_are_no_whys(tmp_path):
    atlas = synthetic.build(tmp_path, pictures=False)
    for name in ("x-1.json", "99-0.json", "1-99.json", "1-0.json.tmp", "-1-0.json"):
        (tmp_path / "why" / name).write_text("{}", "utf-8")
    assert atlas.whys() == list(synthetic.WHYS)


def test_a_map_is_clear_at_zero_and_warm_above():
    import base64
    import io

    import numpy as np
    from PIL import Image

    shown = overlay(((0.0, 0.5), (-0.5, 0.25)))
    data = base64.b64decode(shown.source.partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data))).astype(int)
    assert shown.scale == 0.5
    assert pixels[0, 0, 3] == 0 < pixels[1, 1, 3] < pixels[0, 1, 3] == pixels[1, 0, 3]
    assert pixels[0, 1, 0] > pixels[0, 1, 2] + 50
    assert pixels[1, 0, 2] > pixels[1, 0, 0] + 50
