"""Check 4: what the Loupe shows anywhere is what the arrays say, and what it frames is what the geometry says."""

import numpy as np
import pytest
import torch

from .conftest import running
from .planted import pictures
from .synthetic import LAYERS, NONE, interval
from .visiting import loupe_ready, visit

pytestmark = pytest.mark.browser
POINTS = np.random.default_rng(4).random((50, 2))  # across, down: shares of the picture
SEEN = """points => {
  const stage = document.querySelector('.stage'), box = stage.getBoundingClientRect(), loupe = document.querySelector('scope-loupe');
  const line = stage.querySelector('.field.line');
  return points.map(([across, down]) => {
    stage.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + across * box.width, clientY: box.top + down * box.height }));
    return { y: loupe.here.y, x: loupe.here.x, field: ['x', 'y', 'width', 'height'].map(name => Number(line.getAttribute(name))),
      shown: loupe.answers.map(answer => Number(answer.dataset.channel)) };
  });
}"""


def looked(page, url: str, row: int, name: str) -> list[dict]:
    """What the Loupe shows of a picture at every point."""
    page.goto(f"{url}?image={row}&layer={name.replace('#', '%23')}&at=.5,.5")
    loupe_ready(page, row, name)
    return page.evaluate(SEEN, POINTS.tolist())


def test_fifty_points_at_every_layer_show_the_stored_channels_and_never_a_smaller_field(
    browser, served, atlas
):
    fields = []
    with visit(browser, served) as page:
        for place, (name, (_, height, _), size, stride, start) in enumerate(LAYERS):
            stored, middle = atlas.loupe(name)["channel"][1], start + stride * np.arange(height) + size / 2
            looks = looked(page, served, 3, name)
            for look, (across, down) in zip(looks, POINTS, strict=True):
                # then: the cell whose middle is nearest, by the geometry written out
                assert abs(middle[look["y"]] - down * 32) <= np.abs(middle - down * 32).min() + 0.1
                assert abs(middle[look["x"]] - across * 32) <= np.abs(middle - across * 32).min() + 0.1
                assert look["shown"] == stored[:, look["y"], look["x"]].tolist()
                rows, columns = interval(place)[look["y"]], interval(place)[look["x"]]
                assert look["field"] == pytest.approx(
                    [columns[0], rows[0], np.ptp(columns), np.ptp(rows)], abs=1
                )
            fields.append([look["field"][2:] for look in looks])
    assert (np.diff(fields, axis=0) >= 0).all()  # neither narrower nor lower, anywhere


def loud(numbers: dict[str, np.ndarray]) -> np.ndarray:
    """What is loud for each channel: its 99.9th percentile, its maximum where that is 0, anything for a dead one."""
    loud = np.where(numbers["p999"] > 0, numbers["p999"], numbers["maximum"])
    return np.where(loud > 0, loud, 1)


def test_fifty_points_of_a_real_network_show_the_ranking_of_its_activations(browser, story):
    _, atlas, model = story[True]
    row, fields = atlas.chosen[0], []
    pixels = model.preprocess(pictures(True).split("val").sorted_by_id()[row])[None]
    with running(atlas) as url, visit(browser, url) as page, torch.no_grad():
        for name, layer in atlas.layers.items():
            maps = model.module[: int(name) + 1](pixels).reshape(layer.shape).relu().numpy()
            loudness = maps / loud(atlas.numbers(name))[:, None, None]
            for look in (looks := looked(page, url, row, name)):
                here = loudness[:, look["y"], look["x"]]
                shown = [here[channel] if channel != NONE else 0 for channel in look["shown"]]
                assert shown == pytest.approx(sorted(here, reverse=True)[:3], rel=1e-5)
                box = layer.field.at(look["y"], look["x"])
                assert look["field"] == pytest.approx([box.left, box.top, box.width, box.height], abs=1)
            fields.append([look["field"][2:] for look in looks])
    assert (np.diff(fields, axis=0) >= 0).all()
