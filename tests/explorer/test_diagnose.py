"""The page of what may be amiss: what the synthetic atlas plants, on the server and on a disk."""

import re
from dataclasses import replace

import numpy as np
import pytest

from convscope.atlas.write import write_why
from convscope.diagnosis.run import diagnose
from convscope.explorer.app import create_app

from . import synthetic
from .asking import ask
from .test_browser import visit


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def text(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_the_page_says_of_every_sign_what_was_measured_and_how_to_check(app, atlas):
    found, page = diagnose(atlas), ask(app, "/diagnose/").text
    said = text(page)
    assert page.count('<article class="symptom') == len(found.symptoms)
    assert f"{len(found.symptoms)} signs in" in said
    for name, (channels, *_), *_ in synthetic.LAYERS[
        :2
    ]:  # each has channel 2 dead; the last layer is the answer
        assert f"{name} 1 of {channels} channels" in said
        assert re.search(f'href="../layer/[^"]*f=dead%3Ayes">{re.escape(name)}<', page)
    for part in ("Measured", "Threshold", "Does not show", "Check"):
        assert part in said
    assert "reason" not in said.replace("Evidence, not reasons", "")


def test_a_shortcut_that_was_tested_links_to_its_why(app):
    said = ask(app, "/diagnose/", query="kind=shortcut").text
    assert 'href="../image/2/why/"' in said
    assert said.count("look first</span>") == len(synthetic.WHYS)
    assert "Dead channels</h2>" not in said  # the others are not sent


def test_a_why_that_is_asked_anew_is_read_anew(own):
    app = create_app(own)
    assert ask(app, "/diagnose/", query="kind=shortcut").text.count("look first</span>") == len(
        synthetic.WHYS
    )
    row, against = synthetic.WHYS[0]
    write_why(own.path, replace(synthetic.why(row, against), verdict="not supported"))
    assert (
        ask(app, "/diagnose/", query="kind=shortcut").text.count("look first</span>")
        == len(synthetic.WHYS) - 1
    )


def test_an_unknown_kind_is_named(app):
    reply = ask(app, "/diagnose/", query="kind=%3Cb%3E")
    assert reply.status == 404
    assert "unknown kind of symptom &#39;&lt;b&gt;&#39;" in reply.text


def test_what_the_atlas_does_not_hold_names_its_command(app):
    assert (
        "Not known: a correlation needs 30 images at least. convscope survey RUN --split all makes it."
        in text(ask(app, "/diagnose/").text)
    )


@pytest.mark.browser
def test_one_kind_can_be_asked_of_a_published_page(browser, site):
    page_file = (site / "diagnose/index.html").as_uri()
    with visit(browser, f"{page_file}?kind=dead") as page:
        kinds = page.eval_on_selector_all(
            "[data-kind]:not([hidden])", "all => all.map(one => one.dataset.kind)"
        )
        assert set(kinds) == {"dead"}
        assert page.locator("[aria-current=page][data-only]").inner_text() == "Dead channels 2"


def test_a_thousand_channels_a_layer_are_read_in_a_moment(tmp_path):
    import time

    from convscope.diagnosis.alike import twins

    peaks = np.random.default_rng(0).random((1024, 512), dtype=np.float32)
    start = time.process_time()
    assert twins(peaks) == []
    assert time.process_time() - start < 2
