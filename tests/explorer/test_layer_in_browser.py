"""The page of a layer in Chromium: its three views, its state in the address, and what 512 channels cost."""

import numpy as np
import pytest

from convscope.atlas import layout
from convscope.atlas.write import write_picture

from . import many
from .conftest import running
from .synthetic import LAYERS, colour
from .ticks import main_thread
from .visiting import WIDE, held, pixels, until, visit

pytestmark = pytest.mark.browser
CARDS = "[...document.querySelectorAll('.card:not([hidden])')].map(card => Number(card.dataset.channel))"
ORDER = "document.querySelector('scope-grid').shown.map(card => Number(card.dataset.channel))"
SHIFTS = """() => { window.shifted = 0; new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: 'layout-shift', buffered: true }); }"""
# channels whose text is made, beside those that were opened
AHEAD = """async () => (await Promise.all([...Scope.kept].map(async ([address, kept]) => {
  const [, shard] = address.match(/panels\\/(\\d+)/) || [], texts = shard ? await kept : [];
  return texts.flatMap((text, place) => typeof text === 'string' ? [] : [shard * texts.length + place]);
}))).flat().filter(channel => ![5, 9].includes(channel)).sort()"""
ON = (
    "async y => { scrollTo(0, y); await new Promise(done => requestAnimationFrame(() => setTimeout(done))); }"
)
DECODED = """() => Promise.all([...document.querySelectorAll('.card img')].map(image => image.decode().then(() => image.naturalWidth)))"""


# every card in sight stands where the order has it, in the very task that asks for another one
SORTED = """() => { const field = document.querySelector('[name=sort]'); field.value = 'max'; field.dispatchEvent(new Event('input'));
  document.querySelectorAll('.card').forEach(card => card.getBoundingClientRect());  // what is not painted yet is laid out by asking
  const { shown, cards } = document.querySelector('scope-grid'), seen = [...document.querySelectorAll('.card')].filter(card => {
    const { top, bottom } = card.getBoundingClientRect(); return bottom > 0 && top < innerHeight; });
  return seen.length > 7 && shown.length === 512 && shown[0] !== cards[0] && seen.every((card, place) => card === shown[place]); }"""


def settles(page, order: list[int]) -> None:
    """Cards far down reach their place some frames later."""
    until(page, f"() => {CARDS}.join() === '{','.join(map(str, order))}'")


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    return many.build(tmp_path_factory.mktemp("wide"), layers=1, channels=512, sheets=True)


def test_512_channels_need_few_requests_and_bytes_scroll_smoothly_and_nothing_jumps(browser, wide):
    sizes: list[int] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with running(wide) as url:
        page = context.new_page()
        page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        page.goto(f"{url}layer/conv1/", wait_until="networkidle")
        assert len(sizes) <= 12
        assert sum(sizes) <= 600_000
        page.evaluate(SHIFTS)
        ticks, frames, y = main_thread(page), [], 0
        while y < page.evaluate("document.body.scrollHeight"):
            before = ticks()
            page.evaluate(ON, y := y + 300)
            frames.append(ticks() - before)
        assert np.percentile(frames, 95) <= 50  # milliseconds
        assert set(page.evaluate(DECODED)) == {8 * 120}
        assert page.evaluate("window.shifted") < 0.02
        assert page.evaluate(f"{CARDS}.length") == 512
        page.evaluate("scrollTo(0, 0)")
        assert page.evaluate(SORTED)
        page.select_option("[name=sort]", "-max")
        shown = np.array([float(f"{value:.3g}") for value in wide.numbers("conv1")["maximum"]])
        order = np.lexsort((np.arange(512), shown)).tolist()
        settles(page, order)
        page.select_option("[name=sort]", "max")
        page.select_option("[name=sort]", "")  # while the others still move
        settles(page, list(range(512)))
        page.wait_for_timeout(100)
        settles(page, list(range(512)))
    context.close()


def test_the_strongest_alone_are_the_first_tiles(browser, served):
    with visit(browser, f"{served}layer/layer2.0.relu~232/?view=top") as page:
        for channel in (0, 64, 129):
            card = page.locator(f"[data-channel='{channel}'].card")
            card.scroll_into_view_if_needed()
            for below, sprite in enumerate(card.locator(".sprite").all()):
                sprite.evaluate("image => image.decode()")
                seen = pixels(sprite)
                middle = seen[seen.shape[0] // 2, seen.shape[1] // 2]
                np.testing.assert_allclose(middle, colour(1, channel, 0, bool(below)), atol=6)


def test_a_table_is_sorted_by_its_heads_and_asked_by_its_field(browser, served, atlas):
    maximum = atlas.numbers("layer2.0.relu#2")["maximum"]
    shown = np.array([float(f"{value:.3g}") for value in maximum])
    with visit(browser, f"{served}layer/layer2.0.relu~232/") as page:
        assert not page.locator(".heads").is_visible()
        page.select_option("[name=view]", "table")
        page.locator(".heads [data-by=max]").click()
        settles(page, np.lexsort((np.arange(130), -shown)).tolist())
        page.locator(".heads [data-by=max]").click()
        page.fill("[name=f]", "max>3 positive<.5")
        positive = np.array([float(f"{v:.3g}") for v in atlas.numbers("layer2.0.relu#2")["positive"]])
        wanted = [
            c for c in np.lexsort((np.arange(130), shown)).tolist() if shown[c] > 3 and positive[c] < 0.5
        ]
        settles(page, wanted)
        assert page.locator("output").text_content() == f"{len(wanted)} shown of 130"
        assert "view=table&sort=-max&f=max%3E3+positive%3C.5" in page.url
        numbers = page.locator(f"[data-channel='{wanted[0]}'] .caption .number:not(b)").all_text_contents()
        assert float(numbers[0]) == shown[wanted[0]]


def test_an_address_brings_back_view_order_question_channel_and_scale(browser, served):
    query = "?view=table&sort=sel&f=max%3E3&c=77&norm=channel"
    with visit(browser, f"{served}layer/layer2.0.relu~232/{query}") as page:
        page.wait_for_selector("dialog:modal .panel[data-channel='77']")
        until(page, "() => document.querySelector('#panel').dataset.norm === 'channel'")
        assert page.evaluate("getComputedStyle(document.querySelector('.even-0')).visibility") == "visible"
        order = page.evaluate(ORDER)
        settles(page, order)
        page.keyboard.press("n")
        assert "norm=layer" in page.url
        page.keyboard.press("j")
        until(page, "() => Scope.get('c') !== '77'")
        assert page.evaluate("Number(Scope.get('c'))") == order[(order.index(77) + 1) if 77 in order else 0]
        last = page.evaluate("Scope.get('c')")
        page.keyboard.press("Escape")
        until(page, "() => Scope.get('c') === null")  # said a moment after it is closed
        page.go_back()
        page.wait_for_selector(f"dialog:modal .panel[data-channel='{last}']")
        assert page.evaluate("document.querySelector('.grid').dataset.view") == "table"


def test_two_channels_are_pinned_and_compared_by_keyboard_alone(browser, served):
    with visit(browser, f"{served}layer/relu1/?c=3") as page:
        page.wait_for_selector("dialog:modal .panel[data-channel='3']")
        page.keyboard.press("p")
        assert page.locator("[data-pin]").get_attribute("aria-pressed") == "true"
        page.keyboard.press("j")
        page.wait_for_selector(".panel[data-channel='4']")
        page.keyboard.press("p")
        page.keyboard.press("c")
        page.wait_for_url("**/compare/?a=relu1%3A3&b=relu1%3A4")
        until(page, "() => document.querySelectorAll('.pair-of-panels .panel').length === 2")
        links = page.locator(".panel .source").evaluate_all("links => links.map(link => link.href)")
        assert all(link.startswith(f"{served}images/") for link in links)
        page.fill("[name=b]", "head")
        page.press("[name=b]", "Enter")
        page.wait_for_selector("[data-slot=b] .panel[data-name=head]")
        assert page.locator("tr.asked").get_attribute("data-layer") == "head"
        page.fill("[name=b]", "haed:1")
        page.press("[name=b]", "Enter")
        assert "There is no haed:1" in page.locator("[data-slot=b]").text_content()


def test_the_next_two_channels_are_fetched_while_one_is_looked_at(browser, served):
    with visit(browser, f"{served}layer/relu1/") as page:
        page.keyboard.press("k")  # the last of all
        page.wait_for_selector(".panel[data-channel='9']")
        page.evaluate("performance.clearResourceTimings()")
        page.locator(".card[data-channel='5'] a").dispatch_event("click")
        page.wait_for_selector(".panel[data-channel='5']")
        until(page, f"async () => (await ({AHEAD})()).length > 1")
        page.wait_for_timeout(100)
        assert page.evaluate(AHEAD) == [6, 7]


def test_a_panel_that_comes_after_it_was_closed_stays_closed(browser, served):
    with visit(browser, f"{served}layer/relu1/?c=4", viewport=WIDE) as page:
        until(page, "() => document.querySelector('dialog:modal .panel')")
        page.wait_for_load_state("networkidle")  # the next two are there, the one before is not
        with held(page, "**/panels/*.js"):
            page.keyboard.press("k")
            until(page, "() => document.querySelector('scope-panel').asked === '3'")
            page.wait_for_timeout(50)
            page.keyboard.press("Escape")
            until(page, "() => !document.querySelector('dialog[open]')")
        until(page, "() => document.querySelector('.panel').dataset.name === 'relu1:3'")
        page.wait_for_timeout(100)
        assert page.evaluate("[document.querySelectorAll('dialog[open]').length, location.search]") == [0, ""]


def test_the_keyboard_goes_on_where_the_eye_is(browser, served):
    with visit(browser, f"{served}layer/relu1/", viewport=WIDE) as page:
        page.focus(".card[data-channel='3'] a")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog:modal .panel[data-channel='3']")
        page.keyboard.press("j")
        page.wait_for_selector(".panel[data-channel='4']")
        page.keyboard.press("Escape")
        until(page, "() => document.activeElement.closest('.card')?.dataset.channel === '4'")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog:modal .panel[data-channel='4']")
        page.focus(".neighbours a")
        page.keyboard.press("Enter")
        page.wait_for_selector(".panel:not([data-channel='4'])")
        until(page, "() => document.activeElement.className === 'panel-body'")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_jumps_while_a_page_is_filled(browser, served, width):
    with visit(browser, served, viewport={"width": width, "height": 900}) as page:
        for address in ("", "search/", "images/", "learn/stride-and-padding/", "learn/kernel/", "network/"):
            page.goto(served + address, wait_until="networkidle")
            page.evaluate(SHIFTS)
            page.wait_for_timeout(50)
            assert page.evaluate("window.shifted") < 0.02, address


def test_a_channel_that_is_none_says_which_there_are(browser, served):
    name = LAYERS[0][0]
    with visit(browser, f"{served}compare/?a={name}:3&b=") as page:
        until(page, "() => document.querySelectorAll('.pair-of-panels .panel').length === 1")
        page.fill("[name=b]", f"{name}:99")
        page.press("[name=b]", "Enter")
        until(page, "() => document.querySelector('[data-slot=b]').textContent !== ''")
        assert page.locator("[data-slot=b]").text_content() == "relu1 has channels 0 to 9."


def test_no_tile_shows_the_colour_of_its_neighbour(browser, served):
    with visit(
        browser, f"{served}layer/relu1/?c=4", viewport={"width": 700, "height": 900}, device_scale_factor=2
    ) as page:
        until(page, "() => document.querySelector('.pair')")
        page.wait_for_load_state("networkidle")
        tile = pixels(page.locator(".pair").nth(4))  # its neighbours have other colours
        middle = tile[len(tile) // 4, tile.shape[1] // 2]
        patch = tile[4 : len(tile) // 2 - 8]  # without the round corners, and where patch and projection meet
        assert abs(patch[:, 3:-3] - middle).max() < 6
        edges = patch[8:, [1, 2, -3, -2]]
        assert abs(edges - middle).max() < 6


def test_buttons_of_pages_show_only_where_there_are_several(browser, served):
    with visit(browser, f"{served}search/") as page:
        until(page, "() => document.querySelector('scope-find output').textContent.includes('of 2')")
        assert page.locator(".pager").is_visible()
        page.fill("[name=q]", "layer:relu1")
        until(page, "() => document.querySelector('scope-find output').textContent.startsWith('10 of')")
        assert not page.locator(".pager").is_visible()


def test_a_page_of_answers_is_named_once_something_is_asked(browser, tmp_path, monkeypatch):
    monkeypatch.setattr(many, "ROWS", 130)
    atlas = many.build(tmp_path, layers=1, channels=4)
    for sheet in (0, 1):
        write_picture(layout.thumbs_file(tmp_path, sheet), np.zeros((640, 640, 3), np.uint8))
    with (
        running(atlas) as url,
        visit(browser, f"{url}images/", viewport=WIDE) as page,
    ):
        said = "document.querySelector('scope-find output').textContent"
        until(page, f"() => {said} === '130 of 130'")  # what the server lists has pages of its own
        page.select_option("[name=sort]", "p")
        until(page, f"() => {said} === '130 of 130, page 1 of 2'")


def test_the_line_over_the_curves_stands_at_the_epoch_that_is_shown(browser, served):
    with visit(browser, f"{served}training/?epoch=3") as page:
        until(page, "() => document.body.style.getPropertyValue('--share')")
        assert page.locator("output").text_content() == "1"
        share = "Number(document.body.style.getPropertyValue('--share')) * document.querySelector('main input').max"
        assert page.evaluate(share) == 1
