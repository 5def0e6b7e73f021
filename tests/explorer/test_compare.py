"""What can stand beside what: channels, layers, epochs; on the server, as scripts, and marked on both sides."""

import re

import numpy as np
import pytest

from convscope.explorer.app import create_app
from convscope.explorer.packed import unpacked
from convscope.plain.names import escape

from . import synthetic
from .asking import ask
from .test_browser import visit

NAME = synthetic.LAYERS[1][0]


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def asked(app, **sides: str) -> str:
    from urllib.parse import urlencode

    reply = ask(app, "/compare/", query=urlencode(sides))
    assert reply.status == 200, reply.text
    return reply.text


def text(page: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", page).split())


def test_two_layers_say_which_classes_their_channels_prefer(app, atlas):
    page = text(asked(app, a="relu1", b=NAME))
    for name, (channels, *_), *_ in synthetic.LAYERS[:2]:
        best = atlas.numbers(name)["class_peak"].argmax(axis=1)
        alive = atlas.numbers(name)["maximum"] > 0
        counts = np.bincount(best[alive], minlength=4)
        part = page.split(f"{name} channels {channels} dead {int((~alive).sum())} ")[1].split("Its most")[0]
        assert [int(number) for number in re.findall(r" (\d+)(?= |$)", part.split("prefer")[1])] == sorted(
            counts.tolist(), reverse=True
        )


def test_a_channel_at_an_epoch_shows_its_own_column_and_numbers(app, atlas):
    kept = atlas.evolution("relu1")
    page = asked(app, a="relu1:3@1", b="relu1:3@4")
    for side, place in enumerate((1, 2)):
        part = page.split('<section aria-live="polite" data-slot="')[1 + side].split("</section>")[0]
        assert f'viewBox="{place * 64 + 1} 1 62 126"' in part
        assert f"activation {kept['value'][1, place]:.3g};" in part
        assert f'data-same="row-{kept["image"][1, place]}"' in part


@pytest.mark.parametrize(
    ("side", "says"),
    [
        ("relu1:3@2", r"unknown epoch &#39;2&#39;.*0, 1, 4"),
        ("relu1:7@1", r"unknown channel among the epochs &#39;7&#39;.*evolve RUN --channels relu1:7"),
        (f"{NAME}@0", "Nobody has looked at epochs: `convscope evolve RUN` does"),
        ("relu1:99", "Layer relu1 has channels 0 to 9"),
    ],
)
def test_what_is_not_there_is_named(app, side, says):
    reply = ask(app, "/compare/", query=f"a={side.replace('#', '%23')}")
    assert reply.status == 404
    assert re.search(says, reply.text)


def test_the_script_of_a_layer_holds_what_the_server_prints(app):
    texts = unpacked(ask(app, "/layer/relu1/beside.js").text)
    keys = {"", *(f"{one}@{epoch}" for one in ("", *synthetic.GROWN) for epoch in synthetic.EPOCHS)}
    assert set(texts) == keys
    for key, side in (("", "relu1"), ("3@4", "relu1:3@4"), ("@0", "relu1@0")):
        assert text(texts[key]) in text(asked(app, a=side))
    assert set(unpacked(ask(app, f"/layer/{escape(NAME)}/beside.js").text)) == {""}


@pytest.mark.browser
def test_what_is_chosen_on_one_side_is_marked_on_both_and_stands_in_the_address(browser, site):
    page_file = (site / "compare/index.html").as_uri()
    with visit(browser, f"{page_file}?a=relu1:0@4&b=relu1:3@4") as page:
        page.wait_for_selector("[data-slot=b] [data-same=row-3]")
        page.locator("[data-slot=a] [data-same=row-3] a").first.focus()
        assert page.locator(".same").count() == 2
        assert "same=row-3" in page.url
    with visit(browser, f"{page_file}?a=relu1&b={NAME.replace('#', '%23')}&same=class-2") as page:
        page.wait_for_selector("[data-slot=a] .same")
        for slot in ("a", "b"):
            marked = page.eval_on_selector_all(
                f"[data-slot={slot}] .same", "all => all.map(one => one.dataset.same)"
            )
            assert set(marked) == {"class-2"}
