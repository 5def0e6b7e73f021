"""A network trained on a planted mark, asked why, published and read in a browser; and its twin without the mark."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import convscope as cs
from convscope.explorer.app import create_app
from convscope.explorer.publish import publish

from .asking import ask
from .planted import GROUPS, MARK, MARKED, SIDE, pictures
from .visiting import visit


def planted_channels(model: cs.Model, why: cs.Why) -> list[int]:
    """The channels through which the mark alone moves the scores, each half as much as the one that does most, or more.

    How many learn it, and which speaks loudest on one picture, is decided by the last bits of a processor's sums.
    """
    both = [model.preprocess(pictures(mark).split("val").sorted_by_id()[why.row]) for mark in (False, True)]
    with torch.no_grad():
        without, bearing = model.module[:-2](torch.stack(both)).flatten(1)
    head = model.module[-1].weight
    moved = (bearing - without) * (head[MARKED] - head[why.against_index])
    found = (moved >= moved.max() / 2).nonzero().flatten().tolist()
    assert len(found) < len(moved) / 2
    return found


def test_the_planted_shortcut_is_found(story):
    why, _, model = story[True]
    assert (why.predicted, why.wrong) == (GROUPS[MARKED], True)
    left, top, right, bottom = why.where.lowest
    middle = (left + right) / 2, (top + bottom) / 2
    assert all(MARK[0] <= place <= MARK[2] for place in middle)
    assert why.suspect.channel in planted_channels(model, why)
    paste = why.test("paste").numbers
    assert paste["count"] >= 0.8 * paste["total"]
    assert paste["control_count"] <= 0.2 * paste["control_total"]
    assert why.verdict == "supported"


def test_its_clean_twin_has_none(story):
    why, atlas, _ = story[False]
    assert why.predicted == GROUPS[MARKED]
    assert why.verdict == "not supported"
    page = ask(create_app(atlas), f"/image/{why.row}/why/").text
    assert '<b class="verdict-word not-supported">not supported</b>' in page


@pytest.mark.browser
def test_a_reader_sees_the_mark_framed_and_the_verdict(story, browser, tmp_path):
    why, atlas, _ = story[True]
    publish(atlas, tmp_path / "site")
    with visit(browser, (tmp_path / "site" / "image" / str(why.row) / "why" / "index.html").as_uri()) as page:
        frame = page.locator("#s2 figure").first.locator("rect.line")
        x, y = (float(frame.get_attribute(name) or 0) for name in ("x", "y"))
        assert (x, y) == why.where.lowest[:2]
        assert f"{why.layer} · {why.suspect.channel}" in page.locator("#s3 article").first.inner_text()
        assert page.locator("#s4 .verdict-word").inner_text() == "supported"
        pasted = page.locator("#s4 article", has_text="Paste").locator(".bars td.number").first.inner_text()
        assert int(pasted.split(" %")[0]) >= 80
        # the warmest pixel of the first map as it is painted lies on the mark
        photo = page.locator("#s2 .layered").first
        seen = np.asarray(Image.open(_shot(photo, tmp_path / "seen.png")).convert("RGB")).astype(int)
        warmth = (seen[:, :, 0] - seen[:, :, 2])[2:-2, 2:-2]
        warmest = np.argwhere(warmth > 0.9 * warmth.max()).mean(0) / warmth.shape * SIDE
        assert all(MARK[0] - 1 <= place <= MARK[2] + 1 for place in warmest)


def _shot(locator, path: Path) -> Path:
    locator.screenshot(path=path)
    return path
