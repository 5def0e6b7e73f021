"""Check 6: an address brings back what was seen, in a fresh window as with Back and Forward."""

import pytest

from .test_browser import PLACE, SHOWN
from .visiting import loupe_ready, until, visit

pytestmark = pytest.mark.browser
LAYER = "layer/layer2.0.relu~232/?view=table&sort=-max&f=max%3E2&norm=channel"
STATE = """() => ({ view: document.querySelector('.grid')?.dataset.view, order: [...document.querySelectorAll('.card:not([hidden])')].map(card => card.dataset.channel),
  fields: [...document.querySelectorAll('scope-grid [name]')].map(field => field.value), search: location.search,
  open: document.querySelector('dialog:modal .panel')?.dataset.name,
  norm: document.querySelector('dialog:modal') && document.querySelector('#panel').dataset.norm })"""


LAID = """() => { const cards = [...document.querySelectorAll('.card:not([hidden])')];
  return document.querySelector('scope-grid').shown.every((card, place) => card === cards[place]); }"""


def settles(page, wanted: dict) -> None:
    shown = f"wanted => JSON.stringify(({STATE})()) === JSON.stringify(wanted)"
    try:
        until(page, shown, wanted)
    except AssertionError:
        assert page.evaluate(STATE) == wanted


def test_back_and_forward_bring_back_order_question_channel_and_scale(browser, served):
    with visit(browser, served + LAYER) as page:
        until(page, LAID)
        listed = page.evaluate(STATE)
        assert (listed["view"], listed["open"], len(listed["order"]) < 130) == ("table", None, True)
        page.locator(".card:not([hidden]) a").nth(2).click()
        page.wait_for_selector("dialog:modal .panel")
        page.keyboard.press("j")
        until(page, f"() => ({STATE})().open === 'layer2.0.relu#2:{listed['order'][3]}'")
        page.keyboard.press("n")
        opened = page.evaluate(STATE)
        assert (opened["norm"], opened["order"]) == ("layer", listed["order"])
        page.goto(f"{served}about/")
        page.go_back()
        settles(page, opened)
        page.go_back()
        settles(page, listed)
        page.go_forward()
        settles(page, opened)
        address = page.url
        page.keyboard.press("Escape")
        until(page, "() => Scope.get('c') === null")
        page.select_option("[name=sort]", "mean")
        assert page.evaluate(STATE)["order"] != listed["order"]
        page.go_back()
        settles(page, opened)
    with visit(browser, address) as page:  # and so does a fresh window
        settles(page, opened)


def test_a_picture_comes_back_with_its_map_its_place_and_its_colours(browser, served):
    cursor = "() => [...document.querySelectorAll('.stage.main .cell')].map(part => part.getAttribute('x') + part.getAttribute('y'))"
    with visit(browser, f"{served}image/1/?unit=layer2.0.relu%232:0&at=.3,.8&map=grey") as page:
        until(page, "() => Scope.get('at') === '0.300,0.800'")
        assert (
            page.locator("scope-stack.grey .tile[aria-current]").get_attribute("data-unit")
            == "layer2.0.relu#2:0"
        )
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("m")
        until(page, "() => Scope.get('at') !== '0.300,0.800'")
        address, seen = page.url, page.evaluate(cursor)
        assert "map=" not in address
    with visit(browser, address) as page:
        until(
            page, "() => document.querySelector('.tile[aria-current]')?.dataset.unit === 'layer2.0.relu#2:0'"
        )
        assert page.evaluate(cursor) == seen
        assert page.locator("scope-stack.grey").count() == 0


def test_the_loupe_comes_back_where_it_was_left(browser, served):
    with visit(browser, f"{served}?image=1&layer=relu1&at=.2,.6") as page:
        loupe_ready(page, 1, "relu1")
        page.keyboard.press("ArrowDown")
        until(page, "() => Scope.get('at') !== '.2,.6'")
        place, shown = page.evaluate(PLACE), page.evaluate(SHOWN)
        page.goto(f"{served}about/")
        page.go_back()
        loupe_ready(page, 1, "relu1")
        assert (page.evaluate(PLACE), page.evaluate(SHOWN)) == (place, shown)
