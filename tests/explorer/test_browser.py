"""The pages in headless Chromium: what is seen, counted against the stored arrays."""

import re

import numpy as np
import pytest

from convscope.atlas.sight import opening
from convscope.explorer.assets import assets
from convscope.explorer.panel import panel

from . import synthetic
from .synthetic import LAYERS, NONE, colour
from .visiting import loupe_ready, pixels, until, visit

pytestmark = pytest.mark.browser
SHOWN = "[...document.querySelectorAll('.answer:not(.random)')].map(answer => Number(answer.dataset.channel))"
PLACE = "() => { const {x, y} = document.querySelector('scope-loupe').here; return [y, x]; }"
FIELD = """() => { const part = document.querySelector('.field.line');
  return ['x', 'y', 'width', 'height'].map(name => Number(part.getAttribute(name))); }"""


def test_the_loupe_follows_the_mouse(browser, served):
    with visit(browser, f"{served}?image=1&layer=layer2.0.relu%232&at=.5,.5") as page:
        loupe_ready(page, 1)
        stage = page.locator(".stage").bounding_box()
        page.mouse.move(stage["x"] + 0.2 * stage["width"], stage["y"] + 0.8 * stage["height"])
        assert page.evaluate(PLACE) == [6, 1]  # of 8 x 8 cells of 4 pixels, from 0.5 on


def test_a_cell_with_one_answer_says_so(browser, served):
    with visit(browser, f"{served}?image=1&layer=relu1&at=0,0") as page:
        loupe_ready(page, 1, "relu1")
        assert page.evaluate(SHOWN)[1:] == [NONE, NONE]
        assert (
            page.locator(".answer.silent .name").all_text_contents()
            == ["no further channel answers here"] * 2
        )


def test_the_loupe_by_keyboard_alone(browser, served, atlas):
    with visit(browser, f"{served}?image=3&layer=layer2.0.relu%232&at=.5,.5") as page:
        loupe_ready(page)
        y, x = page.evaluate(PLACE)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
        assert page.evaluate(PLACE) == [y + 1, x + 1]
        stored = atlas.loupe("layer2.0.relu#2")["channel"][1, :, y + 1, x + 1]
        assert page.evaluate(SHOWN) == [int(number) for number in stored]
        page.keyboard.press("Shift+ArrowLeft")
        assert page.evaluate(PLACE) == [y + 1, max(0, x - 4)]
        page.keyboard.press("[")
        loupe_ready(page, 3, "relu1")
        page.keyboard.press("2")
        assert (
            page.evaluate("document.activeElement.closest('.answer').querySelector('kbd').textContent") == "2"
        )
        page.wait_for_selector(".stage.lit")
        page.keyboard.press("r")
        assert page.locator(".answer.random").is_visible()
        page.keyboard.press("?")
        assert page.locator("#keys-title").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator("#keys-title").is_visible()


def test_the_address_keeps_the_view(browser, served):
    with visit(browser, served) as page:
        loupe_ready(page)
        page.locator(".chooser a").nth(2).click()
        page.locator(".rail button").first.click()
        loupe_ready(page, 4, "relu1")
        until(page, "() => Scope.get('layer') === 'relu1'")
        address, shown = page.url, page.evaluate(SHOWN)
    assert "image=4&layer=relu1&at=" in address
    with visit(browser, address) as page:
        loupe_ready(page, 4, "relu1")
        assert page.evaluate(SHOWN) == shown
        assert page.locator(".truth").text_content() == "but it is <script>alert(1)</script>"


def test_a_channel_dims_the_photograph_to_its_own_map(browser, served, atlas):
    name = LAYERS[1][0]
    with visit(browser, f"{served}?image=3&layer=layer2.0.relu%232&at=.5,.5") as page:
        loupe_ready(page)
        shown = page.evaluate(SHOWN)
        present = np.setdiff1d(atlas.loupe(name)["channel"][1], [NONE])
        levels = np.linspace(60, 250, len(present)).astype(np.uint8)
        page.locator(".answer").nth(1).hover()
        page.wait_for_selector(".stage.lit")
        level = page.evaluate(
            "() => { const canvas = document.querySelector('.veil');"
            " return [...canvas.getContext('2d').getImageData(3, 3, 1, 1).data].slice(0, 1)[0]; }"
        )
        assert level == min(255, levels[np.searchsorted(present, shown[1])] + 38)
        page.mouse.move(5, 5)
        page.wait_for_selector(".stage:not(.lit)")


IN_SIGHT = """async () => {
  const seen = () => [...document.querySelectorAll('.card:not(.dead) .sprite')].map(image => ({ image, box: image.getBoundingClientRect() }))
    .filter(({ box }) => box.top >= 0 && box.bottom <= innerHeight);
  for (let frame = 0; frame < 5; frame++) await new Promise(requestAnimationFrame);  // cards in sight take their true height
  await Promise.all(seen().map(({ image }) => image.decode()));
  return seen().map(({ image, box }) => [Number(image.closest('.card').dataset.channel), image.previousElementSibling !== null, box.left, box.top]);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tile_in_sight_is_the_right_one(browser, served, scheme):
    checked = set()
    with visit(browser, f"{served}layer/layer2.0.relu~232/", color_scheme=scheme) as page:
        for channel in (0, 129):
            page.locator(f"[data-channel='{channel}'].card").scroll_into_view_if_needed()
            found, seen = page.evaluate(IN_SIGHT), pixels(page)
            for number, below, left, top in found:
                tiles = seen[round(top) + 20 :: 40, round(left) + 20 :: 40][:3, :3].reshape(9, 3)
                wanted = [colour(1, number, rank, below) for rank in range(9)]
                np.testing.assert_allclose(tiles, wanted, atol=5)
                checked.add((number, below))
        assert {(0, False), (0, True), (129, False), (129, True)} <= checked
        assert len(checked) >= 40


def sees_tiles(page, selector: str, wanted) -> None:
    """Each of these pictures shows tiles of those colours, side by side."""
    shown = page.locator(selector).all()
    assert len(shown) == len(wanted) > 0
    for picture, tiles in zip(shown, wanted, strict=True):
        seen = pixels(picture)
        step = seen.shape[1] / len(tiles)
        places = [round((place + 0.5) * step) for place in range(len(tiles))]
        np.testing.assert_allclose(seen[len(seen) // 2, places], tiles, atol=6)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_strips_in_the_loupe_and_in_a_panel_are_those_of_their_channel(browser, served, atlas, scheme):
    with visit(browser, f"{served}?image=1&layer=layer2.0.relu%232&at=.3,.7", color_scheme=scheme) as page:
        loupe_ready(page, 1)
        for answer, channel in enumerate(page.evaluate(SHOWN)):
            strip = page.locator(".answer .strip").nth(answer)
            strip.evaluate("image => image.decode()")
            tiles = pixels(strip)[32::64, 32::64]
            wanted = [[colour(1, channel, rank, below) for rank in range(9)] for below in (False, True)]
            np.testing.assert_allclose(tiles, wanted, atol=5)
        page.goto(f"{served}layer/layer2.0.relu~232/?c=77")
        page.wait_for_selector("dialog:modal .panel")
        page.wait_for_load_state("networkidle")
        for rank in range(synthetic.ROWS):
            pair = pixels(page.locator(".panel .pair").nth(rank))
            height, middle = len(pair), pair.shape[1] // 2
            wanted = [colour(1, 77, rank, below) for below in (False, True)]
            np.testing.assert_allclose(pair[[height // 4, 3 * height // 4], middle], wanted, atol=5)
        whole, levels = synthetic.about(1, 77)
        page.evaluate("document.querySelectorAll('.whole rect').forEach(frame => frame.remove())")
        sees_tiles(page, ".panel .whole", [[tile] for tile in whole[: synthetic.ROWS]])
        sees_tiles(page, ".quantiles svg", levels.reshape(2, 3, 3))
        near = panel(atlas, atlas.layer("layer2.0.relu#2"), 77).neighbours["same"]
        sees_tiles(
            page,
            ".neighbours svg",
            [[colour(1, one.channel, rank, False) for rank in range(3)] for one in near],
        )


def test_the_panel_walks_and_goes_back(browser, served):
    with visit(browser, f"{served}layer/layer2.0.relu~232/?sort=max") as page:
        page.locator(".card a").nth(3).click()
        page.wait_for_selector(".panel")
        order = page.locator(".card").evaluate_all("cards => cards.map(card => card.dataset.channel)")
        page.keyboard.press("j")
        page.wait_for_selector(f".panel[data-channel='{order[4]}']")
        assert f"c={order[4]}" in page.url
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog:not([open])", state="attached")
        assert "c=" not in page.url
        page.go_back()
        page.wait_for_selector(f".panel[data-channel='{order[4]}']")


def test_a_channel_has_its_own_address(browser, served):
    with visit(browser, f"{served}layer/relu1/") as page:
        before = page.url
        page.goto(f"{served}layer/layer2.0.relu~232/?c=77")
        page.wait_for_selector("dialog:modal .panel[data-channel='77']")
        page.wait_for_timeout(100)
        assert page.url.endswith("?c=77")
        page.go_back()
        assert page.url == before  # no step back to the same page
        page.goto(f"{served}layer/relu1/?sort=mean")
        page.evaluate("document.querySelector('scope-panel').open('99', false)")
        assert page.locator(".panel-body").text_content() == "relu1 has channels 0 to 9."
        page.evaluate("document.querySelector('scope-panel').dialog.close()")


def test_sorting_and_hiding_is_in_the_address(browser, served, atlas):
    maximum = atlas.numbers("relu1")["maximum"]
    with visit(browser, f"{served}layer/relu1/") as page:
        page.select_option("[name=sort]", "max")
        page.check("[name=dead]")
        assert "sort=max&dead=hide" in page.url
        order = [channel for channel in np.argsort(-maximum, kind="stable").tolist() if maximum[channel] > 0]
        cards = "[...document.querySelectorAll('.card')].map(card => Number(card.dataset.channel)).join()"
        until(page, f"order => {cards} === order.join()", order)  # they lie below the kernels, out of sight
        assert page.locator("output").text_content() == "9 shown of 10"


def test_the_first_page_and_a_layer_work_from_a_disk(browser, site):
    with visit(browser, (site / "index.html").as_uri()) as page:
        loupe_ready(page)
        page.mouse.move(200, 300)
        until(page, "() => Scope.get('at') !== null")
        strips = page.locator(".answer:not(.random) .strip")
        strips.evaluate_all("all => Promise.all(all.map(one => one.decode()))")
        assert strips.evaluate_all("all => all.map(one => one.naturalWidth)") == [576] * 3
        page.goto((site / "layer/layer2.0.relu~232/index.html").as_uri())
        page.locator(".card a").nth(100).click()
        page.wait_for_selector(".panel[data-channel='100']")


def test_the_theme_button_wins_over_the_system(browser, served):
    ground = "getComputedStyle(document.body).backgroundColor"
    with visit(browser, f"{served}about/", color_scheme="light") as page:
        assert page.evaluate(ground) == "rgb(251, 251, 250)"
        for _ in range(2):
            page.locator("scope-theme button").click()
        assert page.evaluate(ground) == "rgb(20, 21, 23)"
        page.reload()
        assert page.evaluate(ground) == "rgb(20, 21, 23)"


def test_the_tour_visits_three_spots_once(browser, served, atlas):
    with visit(browser, served, reduced_motion="no-preference") as page:
        loupe_ready(page)
        seen = page.evaluate(f"""async () => {{
          const seen = new Set();
          for (let wait = 0; wait < 300 && !Scope.store('toured'); wait++) {{
            seen.add(({PLACE})().join());
            await new Promise(done => setTimeout(done, 20));
          }}
          return [...seen];
        }}""")
        assert {f"{y},{x}" for y, x in opening(atlas).waypoints} <= set(seen)
        page.goto(served)
        loupe_ready(page)
        page.wait_for_timeout(1200)
        assert page.evaluate(PLACE) == list(opening(atlas).waypoints[0])


def test_the_first_touch_ends_the_tour(browser, served):
    with visit(browser, served, reduced_motion="no-preference") as page:
        loupe_ready(page)
        page.keyboard.press("ArrowUp")
        assert page.evaluate("Scope.store('toured')") == "yes"
        still = page.evaluate(PLACE)
        page.wait_for_timeout(1200)
        assert page.evaluate(PLACE) == still


def test_nothing_moves_by_itself_where_motion_is_unwelcome(browser, served):
    with visit(browser, served, reduced_motion="reduce") as page:
        loupe_ready(page)
        first = page.evaluate(PLACE)
        page.wait_for_timeout(1200)
        assert page.evaluate(PLACE) == first
        assert page.evaluate("[Scope.store('toured'), document.getAnimations().length]") == [None, 0]


def test_without_scripts_every_channel_is_listed_with_its_pictures_and_its_link(browser, served):
    with visit(browser, f"{served}layer/layer2.0.relu~232/?c=4", java_script_enabled=False) as page:
        cards = page.locator(".card a").evaluate_all(
            "all => all.map(link => [link.href, [...link.querySelectorAll('img')].map(image => image.src)])"
        )
        assert [link.partition("?")[2] for link, _ in cards] == [f"c={channel}" for channel in range(130)]
        sheets = {source for _, sources in cards for source in sources}
        assert len(sheets) == 6
        assert all(len(sources) == 2 for _, sources in cards)
        assert {page.request.get(source).status for source in sheets} == {200}
        assert page.locator(".panel[data-channel='4']").is_visible()
        assert not page.locator("[name=sort]").is_visible()


def test_no_two_scripts_give_the_same_name():
    given = re.findall(
        r"^\s*Scope\.(\w+) = ", "".join(text.decode() for text in assets().values()), re.MULTILINE
    )
    assert len(given) > 10
    assert sorted(given) == sorted(set(given))


def test_only_one_line_writes_markup_and_the_scripts_are_small():
    import gzip

    scripts = {name: sent.decode() for name, sent in assets().items() if name.endswith(".js")}
    lines = [
        line for text in scripts.values() for line in text.splitlines() if "HTML" in line and "=" in line
    ]
    writing = [
        line.strip()
        for line in lines
        if "innerHTML" in line or "insertAdjacent" in line or "outerHTML" in line
    ]
    assert writing == ["made.innerHTML = Scope.trust.createHTML(panel);"]
    assert sum(len(gzip.compress(text.encode())) for text in scripts.values()) <= 20_000
    styles = [sent for name, sent in assets().items() if name.endswith(".css")]
    assert sum(len(gzip.compress(style)) for style in styles) <= 20_000
