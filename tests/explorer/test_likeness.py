"""Sorting by similarity to the pinned channel: its numbers and orders against numpy's own correlation."""

from itertools import pairwise

import numpy as np
import pytest

from convscope.explorer.addresses import CHANNELS_A_SHARD
from convscope.explorer.app import create_app
from convscope.explorer.packed import unpacked

from .asking import ask
from .visiting import until, visit

NAME, PAGE = "layer2.0.relu#2", "layer/layer2.0.relu~232/"
ORDER = "() => document.querySelector('scope-grid').shown.map(card => Number(card.dataset.channel))"
ROWS = "() => [...document.querySelectorAll('tbody.found a')].map(link => link.textContent)"


@pytest.fixture(scope="module")
def alike(atlas) -> np.ndarray:
    """Thousandths of the correlation of all pairs of channels; of who never answers differently, none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(np.rint(1000 * np.corrcoef(atlas.peaks(NAME)["peak"].astype(np.float64))))


def test_the_scripts_hold_the_correlation_of_every_two_channels(atlas, alike):
    app = create_app(atlas)
    found = [
        unpacked(ask(app, f"/{PAGE}like/{shard:03d}.js").text) for shard in range(-(-130 // CHANNELS_A_SHARD))
    ]
    rows = np.array([row for part in found for row in part])
    assert rows.shape == (130, 130)
    flat = np.diag(alike) == 0
    rows[flat, flat] = 0
    np.testing.assert_allclose(rows, alike, atol=1)


@pytest.mark.browser
def test_channels_are_sorted_by_likeness_to_the_one_pinned_last(browser, served, alike):
    order = np.lexsort((np.arange(130), -alike[77])).tolist()
    with visit(browser, f"{served}{PAGE}") as page:
        page.select_option("[name=sort]", "like")
        assert "Pin a channel of these first" in page.locator("output").text_content()
        page.select_option("[name=sort]", "")
        page.evaluate(f"Scope.pin('{NAME}:3'), Scope.pin('{NAME}:77'), Scope.pin('relu1:2')")
        page.select_option("[name=sort]", "like")
        until(page, f"order => ({ORDER})().slice(0, 9).join() === order.join()", order[:9])
        assert "sort=like&to=layer2.0.relu%232%3A77" in page.url
        shown = page.evaluate(ORDER)
        assert all(alike[77][one] >= alike[77][two] - 1 for one, two in pairwise(shown))
        page.goto(f"{served}search/?sort=like&to=layer2.0.relu%232%3A77")
        until(page, f"first => ({ROWS})()[0] === first", f"{NAME}:77")
        assert page.evaluate(ROWS)[:9] == [f"{NAME}:{channel}" for channel in order[:9]]
        assert page.locator("output").text_content().startswith("146 of 146")
