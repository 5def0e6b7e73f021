"""A published page inside a page of somebody else, in a sandbox."""

import threading
from contextlib import closing
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .test_browser import visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def hosted(site):
    """The URL of the published site on a plain web server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *about):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def embed(browser, hosted):
    """What a panel of the published site offers to copy."""
    with visit(browser, f"{hosted}layer/relu1/index.html?c=5") as page:
        return page.locator("#panel pre", has_text="<iframe").inner_text()


def test_a_channel_embeds_itself_in_a_sandbox_and_leads_to_its_page(browser, hosted, embed, tmp_path):
    assert f'src="{hosted}layer/relu1/index.html?c=5&amp;embed=1"' in embed
    (tmp_path / "course.html").write_text(f"<!doctype html><title>Course</title>{embed}")
    complaints = []
    with closing(browser.new_page()) as page:  # one that goes elsewhere, as embedding does
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((tmp_path / "course.html").as_uri())
        inside = page.frame_locator("iframe")
        assert inside.locator("#panel h2").inner_text() == "relu1 · channel 5"
        for part in ("header", "footer"):
            assert not inside.locator(part).is_visible()
        inside.locator("[data-step='1']").click()  # the state is followed
        inside.get_by_text("channel 6", exact=False).first.wait_for()
        with page.context.expect_page() as opened:
            inside.get_by_role("link", name="in the explorer").click()
        opened.value.wait_for_load_state()
        assert opened.value.url == f"{hosted}layer/relu1/index.html?c=6"
        assert opened.value.locator("header").is_visible()
    assert complaints == []


def test_a_whole_page_has_its_head_and_no_second_way_to_itself(browser, hosted):
    with visit(browser, f"{hosted}about/index.html") as page:
        assert page.locator("header").is_visible()
        assert not page.locator(".embedded").is_visible()
