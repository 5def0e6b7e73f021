"""One synthetic atlas, one published site, one running server and one browser for the whole room."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.types import ASGIApp

from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.atlas.write import write_picture
from convscope.explorer.app import create_app
from convscope.explorer.guard import loopback_hosts
from convscope.explorer.publish import publish
from convscope.explorer.serve import make_server

from . import synthetic

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


@pytest.fixture(scope="session")
def served(atlas: Atlas) -> Iterator[str]:
    """The URL of a running server of the atlas."""
    with running(atlas) as url:
        yield url


@contextmanager
def running(atlas: Atlas) -> Iterator[str]:
    """The URL of a server of any atlas, for as long as the block lasts."""
    with serving(lambda hosts: create_app(atlas, hosts=hosts)) as url:
        yield url


@contextmanager
def serving(make_app: Callable[[Iterable[str]], ASGIApp]) -> Iterator[str]:
    """The URL of an application, made once the names that its server answers to are known."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = make_server(make_app(loopback_hosts(port)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture(scope="module")  # Playwright keeps an event loop running in this thread while it lives
def browser() -> Iterator[object]:
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this machine: install the system package `chromium` to run browser tests")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=flags)
        yield chromium
        chromium.close()
