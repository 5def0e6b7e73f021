"""What a notebook shows of an atlas, in a sandboxed frame with nothing but its own text."""

import io

import numpy as np
import pytest
from PIL import Image

from convscope.atlas.sight import opening

ANSWERS = "() => [...document.querySelectorAll('article')].map(part => Number(part.dataset.channel))"


def test_an_atlas_shows_itself_within_its_size(atlas):
    shown = atlas._repr_html_()
    assert len(shown) <= 200_000
    assert 'sandbox="allow-scripts"' in shown
    assert "<script>" not in shown  # names of files and classes stay text, also inside the frame
    assert "http" not in shown.replace("http-equiv", "")


def test_the_static_twin_shows_the_first_strip(atlas):
    picture = np.asarray(Image.open(io.BytesIO(atlas._repr_png_())))
    first = opening(atlas)
    with Image.open(
        atlas.path / f"layers/{first.sight.layer.folder}/strips/{first.channels[0][0]}.jpg"
    ) as strip:
        wanted = np.asarray(strip)[32, 32]
    np.testing.assert_allclose(picture[15, 256 + 16 + 15], wanted, atol=4)


def test_an_atlas_without_a_loupe_is_words(half_made, monkeypatch):
    monkeypatch.setattr(type(half_made), "chosen", ())
    assert half_made._repr_html_().startswith("<p>&lt;Atlas of tiny &lt;net&gt;")
    assert half_made._repr_png_() is None


@pytest.mark.browser
def test_the_loupe_of_a_notebook_is_true_without_any_network(browser, atlas):
    seen = opening(atlas).sight
    context = browser.new_context(offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: request.url.startswith("data:") or complaints.append(request.url))
    page.set_content(atlas._repr_html_())
    frame = page.frames[-1]
    stage = frame.locator("svg").bounding_box()
    for across, down in np.random.default_rng(5).random((20, 2)):
        page.mouse.move(stage["x"] + across * stage["width"], stage["y"] + down * stage["height"])
        x = int(np.clip((across * 32 - seen.cells.left) // seen.cells.width, 0, seen.channel.shape[2] - 1))
        y = int(np.clip((down * 32 - seen.cells.top) // seen.cells.height, 0, seen.channel.shape[1] - 1))
        assert frame.evaluate(ANSWERS) == seen.channel[:, y, x].tolist()
    assert frame.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert frame.locator("article img").count() >= 1
    assert complaints == []
    context.close()
