"""Images that fire a channel, and how far their answer led: against the arrays themselves."""

import numpy as np
import pytest

from convscope.explorer.app import create_app
from convscope.explorer.columns import image_columns
from convscope.explorer.fires import fires
from convscope.explorer.packed import unpacked

from . import synthetic
from .asking import ask
from .test_browser import visit

LAYER = "relu1"


def literal(atlas, channel: int) -> dict[int, float]:
    """Row to strongest answer: the sample, over it the winners."""
    peaks, winners = atlas.peaks(LAYER), atlas.winners(LAYER)
    known = {int(row): float(peaks["peak"][channel, place]) for place, row in enumerate(peaks["row"])}
    for row, value in zip(winners["image"][channel], winners["value"][channel], strict=True):
        if row >= 0:
            known[int(row)] = float(value)
    return known


def test_what_is_known_of_a_channel_is_its_winners_and_the_sample(atlas):
    for channel, found in enumerate(fires(atlas, atlas.layers[LAYER], range(10))):
        known = {row: value for row, value in literal(atlas, channel).items() if value > 0}
        assert found.rows == sorted(known, key=lambda row: -known[row])
        assert found.values == pytest.approx([known[row] for row in found.rows], rel=0.006)
        assert (found.fire, found.known) == (len(known), 6)


def test_only_the_strongest_are_kept_and_the_rest_is_counted(atlas, monkeypatch):
    from convscope.explorer import fires as module

    monkeypatch.setattr(module, "KEPT", 2)
    (found,) = fires(atlas, atlas.layers[LAYER], [1])
    assert len(found.rows) == 2
    assert found.fire == 6


def test_where_the_last_winner_is_not_above_zero_all_images_are_known(own):
    value = np.array(own.numbers(LAYER)["value"])
    value[4, 1:] = 0
    own._numbers[LAYER] = dict(own.numbers(LAYER)) | {"value": value}
    own.peaks = lambda layer: None
    few, many = fires(own, own.layers[LAYER], [4, 5])
    assert (few.fire, few.known) == (1, 6)
    assert many.known == 6  # all six rows are winners


def test_winners_stand_over_the_sample_and_what_neither_holds_is_unknown(own):
    numbers = {name: np.array(array[:, :2]) for name, array in own.numbers(LAYER).items() if array.ndim == 2}
    numbers["image"][[4, 5]], numbers["value"][4], numbers["value"][5] = (5, 0), (3, 2), (3, 0)
    own._numbers[LAYER] = dict(own.numbers(LAYER)) | numbers
    own.peaks = lambda layer: {"row": np.array([0, 1, 2]), "peak": np.tile([1.9, 1.0, 0.0], (10, 1))}
    some, all_known = fires(own, own.layers[LAYER], [4, 5])
    assert (some.rows, some.values, some.fire, some.known) == ([5, 0, 1], [3, 2, 1], 3, 4)
    assert all_known.known == 6


def test_scripts_hold_eight_channels_each_and_strangers_are_refused(atlas):
    app = create_app(atlas)
    found = [one for shard in (0, 1) for one in unpacked(ask(app, f"/layer/relu1/fires/00{shard}.js").text)]
    assert found == [list(one) for one in fires(atlas, atlas.layers[LAYER], range(10))]
    assert ask(app, "/layer/relu1/fires/002.js").status == 404


def test_margins_are_columns_or_are_said_to_lack(atlas, half_made):
    assert image_columns(atlas)["margin"] == pytest.approx(list(synthetic.MARGINS))
    page = ask(create_app(atlas), "/images/").text
    assert "smallest lead first" in page


@pytest.mark.browser
def test_images_are_asked_for_by_what_they_fire_and_how_sure_they_were(browser, site, atlas):
    page_file = (site / "images/index.html").as_uri()
    known = {row: value for row, value in literal(atlas, 3).items() if value > 0}
    ids = """() => [...document.querySelectorAll('.found .id')].map(one => +one.textContent.split(' ')[0])"""
    with visit(browser, f"{page_file}?q=fires=relu1:3") as page:
        page.wait_for_selector(".found figure")
        assert page.evaluate(ids) == sorted(known, key=lambda row: -known[row])
        assert (
            f"fires on {len(known)} of the 6 where it is known"
            in page.locator("scope-find output").inner_text()
        )
        before = """() => Scope.fires({ columns: { row: [0] }, layers: { relu1: ["relu1", 10, 16] }, come: {} },
          "fires=relu1:3", () => {})"""  # what stands there until the script has come
        assert page.evaluate(before) == ["fires>0", " (reading what fires relu1:3 …)"]
        page.fill("[name=q]", "fires=relu1:3 margin<.2")
        page.wait_for_timeout(100)
        sure = {row for row in known if synthetic.MARGINS[row] < 0.2}
        assert set(page.evaluate(ids)) == sure
        assert "margin" in page.url
        page.fill("[name=q]", "fires=relu1:99")
        page.wait_for_timeout(100)
        assert "Not understood: fires=relu1:99" in page.locator("scope-find output").inner_text()
    with visit(browser, f"{page_file}?sort=-margin") as page:
        page.wait_for_selector(".found figure")
        assert page.evaluate(ids) == np.argsort(synthetic.MARGINS).tolist()
