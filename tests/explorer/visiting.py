"""How the tests go to pages in a real browser, and what they do not let pass there."""

import io
import time
from contextlib import contextmanager

import numpy as np
from PIL import Image

WIDE = {"width": 1280, "height": 900}
LEFT: dict = {}  # browser to the window that the last test has left quiet


class Window:
    """A window that goes from address to address and remembers every complaint and every request to another place.

    One window for many pages costs a quarter of the processor time of one for each.
    """

    def __init__(self, browser, **context):
        self.context = browser.new_context(**{"reduced_motion": "reduce", "viewport": WIDE, **context})
        self.page, self.home, self.complaints = self.context.new_page(), "", []
        self.page.set_default_timeout(8000)
        say = self.complaints.append
        self.page.on("request", self._request)
        # a strip that nobody waits for any more is not fetched to its end
        self.page.on("requestfailed", lambda one: "ABORTED" in one.failure or say(f"failed {one.url}"))
        self.page.on("response", lambda one: one.status >= 400 and say(f"{one.status} {one.url}"))
        self.page.on("console", lambda one: one.type in ("error", "warning") and say(one.text))
        self.page.on("pageerror", lambda error: say(str(error)))
        self.page.on("dialog", lambda dialog: say(f"dialog {dialog.message}"))

    def _request(self, request) -> None:
        if request.url.split("/")[2] != self.home and not request.url.startswith("data:"):
            self.complaints.append(f"went to {request.url}")

    def __call__(self, url: str):
        self.home = url.split("/")[2]
        self.complaints.clear()
        self.page.goto(url, wait_until="load")
        return self.page

    def assert_quiet(self) -> None:
        assert not self.complaints, self.complaints

    def forget(self) -> None:
        """As if it were new: nothing is kept, and it has its first size."""
        self.page.evaluate("() => { try { localStorage.clear(); } catch {} }")
        self.page.set_viewport_size(WIDE)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce", media="screen")
        self.page.goto("about:blank")  # what it still asks for is not taken for the next page's

    def close(self) -> None:
        self.context.close()


@contextmanager
def visit(browser, url: str, **context):
    """A page whose complaints are failures; in a window with wishes of its own, or in the one that is left."""
    go = Window(browser, **context) if context else LEFT.pop(browser, None) or Window(browser)
    try:
        yield go(url)
        go.assert_quiet()
        if not context and browser not in LEFT:
            go.forget()
            LEFT[browser] = go
    finally:
        if LEFT.get(browser) is not go:
            go.close()


@contextmanager
def held(page, address: str):
    """What the page asks for at an address comes only after the block; for a window of one's own, as the route stays."""
    waiting, free = [], []
    page.route(address, lambda route: route.continue_() if free else waiting.append(route))
    yield
    free.append(True)
    for route in waiting:
        route.continue_()


def until(page, holds: str, arg: object = None) -> None:
    """Waits until an expression holds; Playwright's own waiting needs ``eval``, which the pages forbid."""
    deadline = time.monotonic() + 8
    while not page.evaluate(holds, arg):
        assert time.monotonic() < deadline, f"never came true: {holds}"
        page.wait_for_timeout(20)


def loupe_ready(page, image: int = 3, layer: str = "layer2.0.relu#2") -> None:
    shown = """([row, layer]) => { const {here, state, config} = document.querySelector('scope-loupe');
      return here && here.layer.name === layer && config.images[state.image].row === row; }"""
    until(page, shown, [image, layer])


def pixels(element) -> np.ndarray:
    """What is painted of an element, or of a page, as numbers ``[h, w, 3]``."""
    return np.asarray(Image.open(io.BytesIO(element.screenshot())).convert("RGB")).astype(int)
