"""The image stack, live and from a disk, in headless Chromium."""

import numpy as np
import pytest

from convscope.plain.wish import Wish

from .conftest import running
from .synthetic import LAYERS, interval, stack_levels
from .test_browser import FIELD
from .test_live import Slow, png
from .visiting import until, visit

pytestmark = pytest.mark.browser


@pytest.fixture
def slow():
    made = Slow()
    yield made
    made.go.set()


def test_a_dropped_picture_is_worked_on_in_sight_and_can_be_cancelled(browser, own, slow):
    with (
        running(own, live={"stack": slow, "deconvnet": slow}) as address,
        visit(browser, f"{address}image/1/") as page,
    ):
        assert "a model is attached" in page.locator("footer").text_content()
        until(page, "() => document.querySelector('scope-stack').unit")
        page.keyboard.press("p")
        until(page, "() => !document.querySelector('.working').hidden")
        assert page.locator("[role=status]").text_content() == "looking"
        assert slow.asked[0] == Wish("deconvnet", "1", "relu1:5")
        page.keyboard.press("Escape")
        until(page, "() => document.querySelector('[role=status]').textContent === 'cancelled'")
        slow.go.set()
        page.set_input_files(
            "input[type=file]", {"name": "../x.png", "mimeType": "image/png", "buffer": png(20, 30)}
        )
        page.wait_for_url("**/image/u*/")
        assert "never published" in page.locator("main").text_content()


def test_one_cursor_shows_the_number_under_it_on_every_map(browser, served):
    with visit(browser, f"{served}image/1/?unit=relu1:0&at=.5,.5") as page:
        until(page, "() => document.querySelector('.tile[aria-current] .value')?.textContent.includes('.')")
        stage = page.locator(".stage.main").bounding_box()
        page.mouse.move(stage["x"] + 0.3 * stage["width"], stage["y"] + 0.7 * stage["height"])
        until(page, "() => document.querySelector('#readout').textContent.startsWith('relu1:0 is')")
        shown = page.evaluate(
            "() => [...document.querySelectorAll('.tile .value')].map(one => one.textContent)"
        )
        expected, cells = [], []
        for place, (_, (_, rows, columns), size, stride, start) in enumerate(LAYERS):
            middles = start + stride * np.arange(max(rows, columns)) + size / 2
            y, x = np.abs(middles - 0.7 * 32).argmin(), np.abs(middles - 0.3 * 32).argmin()
            cells.append((y, x))
            levels = stack_levels(place)[:, y, x] if rows > 1 else stack_levels(place)[:, 0, 0]
            expected += [level / 255 * white for level, white in zip(levels.tolist(), (2, 4, 6), strict=True)]
        assert [float(text) if text != "≤ 0" else 0 for text in shown] == pytest.approx(
            expected, rel=6e-3, abs=6e-3
        )
        (top, bottom), (left, right) = interval(0)[cells[0][0]], interval(0)[cells[0][1]]
        assert page.evaluate(FIELD) == pytest.approx([left, top, right - left, bottom - top], abs=1)
        # then: keys walk, choose and change colours, and where one is stands in the address
        page.keyboard.press("ArrowRight")
        for _ in range(3):
            page.keyboard.press("j")
        page.keyboard.press("m")
        until(
            page,
            "() => location.search.includes('layer2.0.relu%232%3A') && document.querySelector('scope-stack.grey')",
        )
        assert page.locator(".tile[aria-current]").get_attribute("data-row") == "1"


def test_the_published_page_of_a_picture_works_from_a_disk(browser, site):
    opened = browser.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.goto((site / "image/1/index.html").as_uri())
    until(opened, "() => document.querySelector('.tile .value').textContent !== '1.5'")
    assert not opened.locator("meta[name=scope-token]").count()
    assert "no model attached" in opened.locator("footer").text_content()
    assert complaints == []
    opened.close()
