"""What holds for every kind of page, the new ones included: the table of pages is walked in a real browser."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from convscope.explorer.app import create_app
from convscope.explorer.labs.lessons import LESSONS
from convscope.explorer.pages import PAGES, learn

from .conftest import serving
from .visiting import WIDE, Window

pytestmark = pytest.mark.browser
LESSON_PAGES = [lesson.page for lesson in LESSONS.values()]
KINDS = [
    page.route for page in PAGES if page.media == "text/html" and page is not learn.LESSON
] + LESSON_PAGES
STATES = (  # addresses at which scripts show more than the server wrote, and how to know that they have
    ("layer/relu1/?c=3&view=table", "dialog:modal .panel"),
    ("search/?q=head", "tbody.found tr"),
    ("compare/?a=relu1:3&b=relu1:4", "[data-slot=b] .panel"),
)
PREFIX = "/user/x/proxy/8000"
SERIOUS = ("serious", "critical")
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDEST = """() => [...document.querySelectorAll('main *')].filter(part => part.getBoundingClientRect().right >
  document.documentElement.clientWidth + 1).map(part => part.tagName + '.' + part.className).slice(0, 5)"""
BROKEN = """() => [...document.images].filter(image => image.src && image.complete && !image.naturalWidth
  && image.loading !== 'lazy').map(image => image.src)"""


def address_of(atlas, kind: str) -> str:
    """The last page of a kind: its names are the most awkward ones."""
    if kind in LESSON_PAGES:
        return kind
    found = [address for page in PAGES if page.route == kind for address in page.addresses(atlas)]
    return found[-1] if found else pytest.skip(f"{kind} is nothing to publish")


@pytest.fixture(scope="module")
def proxied(atlas) -> Iterator[str]:
    """The URL of the application behind a proxy that takes its own prefix away, as a notebook server does."""

    def behind(hosts):
        app = create_app(atlas, hosts=hosts)

        async def strip(scope, receive, send):
            if scope["type"] == "http":
                outside = not scope["path"].startswith(f"{PREFIX}/")
                path = "/nowhere/at/all" if outside else scope["path"].removeprefix(PREFIX)
                scope = {**scope, "path": path, "raw_path": path.encode()}
            await app(scope, receive, send)

        return strip

    with serving(behind) as url:
        yield f"{url}{PREFIX[1:]}/"


@pytest.fixture(scope="module")
def axe() -> str:
    found = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
    return found.AXE_SCRIPT


def violations(page, *, only: list[str] | None = None) -> list[tuple[str, list]]:
    """Rules that are broken seriously, and where."""
    run = {"resultTypes": ["violations"]} | ({"runOnly": only} if only else {})
    found = page.evaluate(f"axe.run({json.dumps(run)}).then(result => result.violations)")
    return [
        (broken["id"], [node["html"][:160] for node in broken["nodes"][:3]])
        for broken in found if broken["impact"] in SERIOUS
    ]  # fmt: skip


@pytest.fixture(scope="module")
def reader(browser, axe):
    """Goes to a page with the rules of accessibility at hand, in light colours and 1280 pixels wide."""
    with closing(Window(browser)) as go:
        go.page.add_init_script(axe)

        def open_wide(url: str):
            go.page.set_viewport_size(WIDE)
            go.page.emulate_media(color_scheme="light")
            return go(url)

        yield open_wide, go.assert_quiet


@pytest.fixture(scope="module")
def go(browser):
    with closing(Window(browser)) as one:
        yield one


@pytest.fixture(scope="module")
def go_bare(browser):
    """Goes to a page as those see it who allow no scripts, and print it."""
    with closing(Window(browser, java_script_enabled=False)) as one:
        one.page.emulate_media(media="print")
        yield one


def assert_readable(page) -> None:
    assert violations(page) == []
    assert page.evaluate("[...document.images].filter(image => !image.hasAttribute('alt')).length") == 0
    page.emulate_media(color_scheme="dark")
    assert violations(page, only=["color-contrast"]) == []  # nothing else differs
    assert page.evaluate("document.getAnimations().length") == 0
    for width in (640, 390):  # 200 % zoom of 1280 pixels, and a telephone
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(WIDER) <= 0, (width, page.evaluate(WIDEST))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_can_be_read_by_anyone(reader, served, atlas, kind):
    open_wide, assert_quiet = reader
    assert_readable(open_wide(served + address_of(atlas, kind)))
    assert_quiet()


@pytest.mark.parametrize(("address", "there"), STATES)
def test_what_scripts_add_can_be_read_by_anyone(reader, served, address, there):
    open_wide, assert_quiet = reader
    page = open_wide(served + address)
    page.wait_for_selector(there)
    assert_readable(page)
    assert_quiet()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_from_a_disk(go, site, atlas, kind):
    page = go((site / address_of(atlas, kind) / "index.html").as_uri())
    assert page.evaluate(BROKEN) == []
    go.assert_quiet()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_behind_a_proxy(go, proxied, atlas, kind):
    page = go(proxied + address_of(atlas, kind))
    assert page.evaluate(BROKEN) == []
    go.assert_quiet()


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_readable_without_scripts_and_on_paper(go_bare, served, atlas, kind):
    page = go_bare(served + address_of(atlas, kind))
    assert len(page.locator("main").inner_text()) > 100
    for part in (".tools", ".top nav", ".controls"):
        assert not any(found.is_visible() for found in page.locator(part).all())
    go_bare.assert_quiet()


def test_whoever_asks_elsewhere_is_caught(go, site):
    page = go((site / "about" / "index.html").as_uri())
    page.evaluate(
        "() => { document.body.append(Object.assign(new Image(), { src: 'http://elsewhere.test/x.png' })); }"
    )
    for _ in range(400):  # the policy of the page forbids it, and says so in its time
        if go.complaints:
            break
        page.wait_for_timeout(20)
    with pytest.raises(AssertionError, match=r"elsewhere\.test"):
        go.assert_quiet()
