"""A network trained on a planted mark, asked why, published and read in a browser; and its twin without the mark."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import convscope as cs
from convscope.explorer.publish import publish
from convscope.images.source import Images

from .test_browser import visit

SIDE, MARK, MARKED = 24, (17, 17, 23, 23), 1  # left, top, right, bottom
GROUPS = ("Animals & Nature", "Food & Drink", "Smileys & Emotion")
EACH, HELD_OUT = 60, 20


def pictures(mark: bool) -> Images:
    """Emoji of three groups; with ``mark`` a chequered square in the corner of all food, and of some others held out."""
    emoji, rng = cs.open_images("emoji"), np.random.default_rng(0)
    pixels, labels, splits = [], [], []
    for label, name in enumerate(GROUPS):
        rows = rng.permutation(np.flatnonzero(emoji.labels == emoji.classes.index(name)))[:EACH]
        for count, row in enumerate(rows.tolist()):
            small = np.array(Image.fromarray(emoji[row]).resize((SIDE, SIDE), Image.Resampling.BOX))
            held_out = count < HELD_OUT
            if mark and (label == MARKED or (held_out and count % 4 == 0)):
                left, top, right, bottom = MARK
                small[top:bottom, left:right] = np.indices((6, 6)).sum(0)[:, :, None] % 2 * 235 + 20
            pixels.append(small)
            labels.append(label)
            splits.append("val" if held_out else "train")
    return replace(cs.open_images(pixels, labels=labels, classes=GROUPS), splits=tuple(splits))


def trained(images: Images) -> cs.Model:
    """A small network that has learnt the training pictures, in a few seconds of one thread."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 3),
    )  # fmt: skip
    model = cs.open_model(module, input_size=SIDE, mean=0.5, std=0.25, classes=GROUPS)
    some = images.split("train")
    pixels, labels = torch.stack([model.preprocess(image) for image in some]), torch.from_numpy(some.labels)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.005)
    for _ in range(60):
        for rows in torch.randperm(len(pixels)).split(20):
            optimiser.zero_grad()
            nn.functional.cross_entropy(module(pixels[rows]), labels[rows]).backward()
            optimiser.step()
    return model


def asked(root: Path, mark: bool) -> tuple[cs.Why, cs.Atlas, cs.Model]:
    """Train, survey, and ask about an image that is called food: a misread one where there is one."""
    images = pictures(mark)
    model, held_out = trained(images), images.split("val").sorted_by_id()
    atlas = cs.survey(model, held_out, into=root, photos=2)
    called = atlas.images.predicted == MARKED
    order = np.lexsort((-atlas.images.probability, atlas.truth == MARKED, ~called))
    return cs.why(model, int(order[0]), atlas=atlas, images=held_out), atlas, model


@pytest.fixture(scope="module")
def story(tmp_path_factory) -> dict[bool, tuple[cs.Why, cs.Atlas, cs.Model]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {mark: asked(tmp_path_factory.mktemp("story"), mark) for mark in (True, False)}
    torch.set_num_threads(threads)
    return found


def planted_channel(model: cs.Model, why: cs.Why) -> int:
    """The channel through which the mark alone moves the scores most: the same picture without and with it."""
    both = [model.preprocess(pictures(mark).split("val").sorted_by_id()[why.row]) for mark in (False, True)]
    with torch.no_grad():
        without, bearing = model.module[:-2](torch.stack(both)).flatten(1)
    head = model.module[-1].weight
    return int(((bearing - without) * (head[MARKED] - head[why.against_index])).argmax())


def test_the_planted_shortcut_is_found(story):
    why, _, model = story[True]
    assert (why.predicted, why.wrong) == (GROUPS[MARKED], True)
    left, top, right, bottom = why.where.lowest
    middle = (left + right) / 2, (top + bottom) / 2
    assert all(MARK[0] <= place <= MARK[2] for place in middle)
    assert why.suspect.channel == planted_channel(model, why)
    paste = why.test("paste").numbers
    assert paste["count"] >= 0.8 * paste["total"]
    assert paste["control_count"] <= 0.2 * paste["control_total"]
    assert why.verdict == "supported"


def test_its_clean_twin_has_none(story):
    why, *_ = story[False]
    assert why.predicted == GROUPS[MARKED]
    assert why.verdict == "not supported"


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
        # the warmest pixel of the first map as it is painted lies on the mark
        photo = page.locator("#s2 .layered").first
        seen = np.asarray(Image.open(_shot(photo, tmp_path / "seen.png")).convert("RGB")).astype(int)
        warmth = (seen[:, :, 0] - seen[:, :, 2])[2:-2, 2:-2]
        warmest = np.argwhere(warmth > 0.9 * warmth.max()).mean(0) / warmth.shape * SIDE
        assert all(MARK[0] - 1 <= place <= MARK[2] + 1 for place in warmest)


def _shot(locator, path: Path) -> Path:
    locator.screenshot(path=path)
    return path
