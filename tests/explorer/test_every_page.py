"""What holds for every kind of page, the new ones included: the table of pages is walked in a real browser."""

import json
from collections.abc import Iterator

import pytest

from convscope.explorer.app import create_app
from convscope.explorer.labs.lessons import LESSONS
from convscope.explorer.pages import PAGES, learn

from .conftest import serving
from .test_browser import visit

pytestmark = pytest.mark.browser
LESSON_PAGES = [lesson.page for lesson in LESSONS.values()]
KINDS = [
    page.route for page in PAGES if page.media == "text/html" and page is not learn.LESSON
] + LESSON_PAGES
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


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_can_be_read_by_anyone(browser, served, atlas, axe, kind):
    with visit(browser, served + address_of(atlas, kind)) as page:
        page.evaluate(axe)
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, only=["color-contrast"]) == []
        assert page.evaluate("document.getAnimations().length") == 0
        for width in (640, 390):  # 200 % zoom of 1280 pixels, and a telephone
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate(WIDER) <= 0, (width, page.evaluate(WIDEST))


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_from_a_disk(browser, site, atlas, kind):
    with visit(browser, (site / address_of(atlas, kind) / "index.html").as_uri()) as page:
        assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_opens_behind_a_proxy(browser, proxied, atlas, kind):
    with visit(browser, proxied + address_of(atlas, kind)) as page:
        assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_readable_without_scripts_and_on_paper(browser, served, atlas, kind):
    with visit(browser, served + address_of(atlas, kind), java_script_enabled=False) as page:
        page.emulate_media(media="print")
        assert len(page.locator("main").inner_text()) > 100
        for part in (".tools", ".top nav", ".controls"):
            assert not any(found.is_visible() for found in page.locator(part).all())
