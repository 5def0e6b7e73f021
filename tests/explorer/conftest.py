"""One synthetic atlas, one published site, one running server and one browser for the whole room."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.types import ASGIApp

from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.atlas.write import write_picture
from convscope.explorer.app import create_app
from convscope.explorer.guard import loopback_hosts
from convscope.explorer.publish import publish
from convscope.explorer.serve import make_server

from . import synthetic

# names that try to be markup, script, addresses, formulas, terminal codes
NAMES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "'-alert(1)-'", "</script><script>alert(1)//",
    "</title><script>alert(1)</script>", "javascript:alert(1)", "{{7*7}}", "{% raw %}", "${alert(1)}", "&lt;b&gt;", "&amp;amp;", "<!--", "]]>",
    "\u202egnp.exe", "\u2028alert(1)", "a\x1b[31mb", "=cmd|' /C calc'!A0", "../../etc/passwd", "%3Cscript%3E", "a\u0000b", "é" * 90, "<base href=//evil>",
    "<style>*{display:none}</style>", "x' onmouseover='alert(1)", "--><script>alert(1)</script>", "<iframe srcdoc='<script>parent.alert(1)</script>'>",
    "<a href=data:text/html,x>", "<math><mi xlink:href=javascript:alert(1)>", "\\u003cscript\\u003e",
)  # fmt: skip
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return synthetic.build(tmp_path_factory.mktemp("atlas"))


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The same with activation maps that vary from cell to cell, and hold ties."""
    made = synthetic.build(tmp_path_factory.mktemp("lively"))
    rng = np.random.default_rng(4)
    for chosen in range(len(synthetic.CHOSEN)):
        path = layout.loupe_maps_file(made.path, "relu1", chosen)
        with Image.open(path) as flat:
            levels = rng.integers(0, 6, flat.size[::-1]) * 40
        write_picture(path, levels.astype(np.uint8))
    return made


@pytest.fixture(scope="session")
def half_made(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """A survey that was stopped before its pictures."""
    return synthetic.build(tmp_path_factory.mktemp("half"), pictures=False)


@pytest.fixture(scope="session")
def site(atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "site"
    publish(atlas, folder)
    return folder


@pytest.fixture
def own(atlas: Atlas, tmp_path: Path) -> Atlas:
    """A copy that may be written to."""
    shutil.copytree(atlas.path, tmp_path / "atlas")
    return open_atlas(tmp_path / "atlas")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """An atlas whose images, classes, labels and model bear one bad name after another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "IDS", tuple(f"{row}{name}" for row, name in enumerate(NAMES[:6])))
        patch.setattr(synthetic, "CLASSES", NAMES[6:10])
        return synthetic.build(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Any]:
    """Two real surveys: (why, atlas, model) of the network with the planted mark (True) and of its clean twin."""
    import torch

    from .planted import asked

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = {mark: asked(tmp_path_factory.mktemp("story"), mark) for mark in (True, False)}
    torch.set_num_threads(threads)
    return found


@contextmanager
def running(atlas: Atlas, **options: Any) -> Iterator[str]:
    """A server of any atlas, for as long as the block lasts; gives its URL."""
    with serving(lambda hosts: create_app(atlas, hosts=hosts, **options)) as url:
        yield url


@contextmanager
def serving(make_app: Callable[[Iterable[str]], ASGIApp]) -> Iterator[str]:
    """The URL of an application, made once the names that its server answers to are known."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = make_server(make_app(loopback_hosts(port)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@pytest.fixture(scope="session")
def served(atlas: Atlas) -> Iterator[str]:
    """The URL of a running server of the atlas."""
    with running(atlas) as address:
        yield address


@pytest.fixture(scope="package")  # Playwright keeps an event loop running in this thread while it lives
def launch() -> Iterator[Callable[..., Any]]:
    """Starts a Chromium with further flags."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install the system package `chromium` to run browser tests")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        yield lambda *more: driver.chromium.launch(executable_path=found, args=[*flags, *more])


@pytest.fixture(scope="package")
def browser(launch: Callable[..., Any]) -> Iterator[Any]:
    chromium = launch()
    yield chromium
    chromium.close()
