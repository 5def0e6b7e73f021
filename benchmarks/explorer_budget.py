"""The explorer on an atlas of 25,000 channels whose every tile is another: each row of its budget, asked and measured.

    PYTHONPATH=src python benchmarks/explorer_budget.py [--channels 25000] [--atlas ATLAS] [--out FILE]

Browser rows are measured in Chromium at a quarter of the processor's speed, 9 Mbit/s and 60 ms, as the budget says:
first paint, largest paint, bytes and requests before scrolling, and milliseconds from an input to the frame that
shows it, which is 16 ms and more on an idle machine. Encoding, start and pages are processor time at full speed.
With --atlas the same is measured of a real one. The last lines say which rows hold.
"""

import argparse
import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from explorer_atlas import build
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.explorer.addresses import PANELS_A_SHARD
from convscope.explorer.assets import assets
from convscope.explorer.pages import PAGES, make_site, script_addresses
from convscope.explorer.pages.likeness import knows_likeness
from convscope.explorer.site import Asked
from convscope.plain.names import escape

REPEATS = 5
QUIET = 4000  # milliseconds after which nothing more arrives
LOOK = 700  # milliseconds that somebody looks at a channel before the next one
SLOWER, DELAY, RATE = 4, 60, 9e6 / 8  # times slower, milliseconds, bytes a second
# asked afterwards: a script of ours before the page would be paid for by the page
PAINTED = """() => new Promise(done => new PerformanceObserver(list => done(
  [performance.getEntriesByName('first-contentful-paint')[0].startTime, list.getEntries().at(-1).startTime],
)).observe({type: 'largest-contentful-paint', buffered: true}))"""
SHOWN = "const shown = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));"
# what is done to a page, and how it is known to be shown; each gives milliseconds
MOVE = f"""async share => {{ {SHOWN} const stage = document.querySelector('.stage'), box = stage.getBoundingClientRect();
  const before = performance.now();
  stage.dispatchEvent(new PointerEvent('pointermove', {{bubbles: true, clientX: box.left + share * box.width, clientY: box.top + share * box.height}}));
  await shown(); return performance.now() - before; }}"""
FILL = f"""async ([selector, value, kind]) => {{ {SHOWN} const field = document.querySelector(selector);
  const before = performance.now(); field.value = value; field.dispatchEvent(new Event(kind, {{bubbles: true}}));
  await shown(); return performance.now() - before; }}"""
STEP = f"""async key => {{ {SHOWN} const title = () => document.querySelector('#panel h2')?.textContent, was = title();
  const before = performance.now(); document.body.dispatchEvent(new KeyboardEvent('keydown', {{key, bubbles: true}}));
  while (title() === was) await shown(); return performance.now() - before; }}"""
ALONE = (
    "document.querySelector('scope-panel').ahead = () => {}"  # to count one channel, not the next ones too
)
SEARCHES = (
    "s",
    "se",
    "sel",
    "sel>",
    "sel>.",
    "sel>.6",
    "sel>.6 dead:no",
    "layer:conv4",
    "class:7 max>3",
    "147",
    "",
)
# a page of one word from the same kind of server: what remains is ours
EMPTY = """
from starlette.responses import HTMLResponse
from convscope.explorer.serve import listen, make_server
listening = listen(None)
print(f"at : http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
make_server(HTMLResponse('<!doctype html><title>Empty</title><link rel="icon" href="data:,">word')).run(sockets=[listening])
"""
SERVE = """
import sys
from convscope.explorer.serve import serve
serve(sys.argv[1], port=None)
"""
START = """
import sys, time
before = time.perf_counter()
from convscope.explorer.serve import listen, make_server
from convscope.explorer.app import create_app
from convscope.atlas.read import open_atlas
app = create_app(open_atlas(sys.argv[1]))
print(time.perf_counter() - before, "torch" in sys.modules)
"""


@dataclass(frozen=True)
class Line:
    """One row of the budget: what may be at most ``asked`` (None: nothing is), and what was measured."""

    what: str
    asked: float | None
    measured: float
    unit: str

    @property
    def holds(self) -> bool:
        return self.asked is None or self.measured <= self.asked

    def __str__(self) -> str:
        mark = "ok  " if self.holds else "OVER"
        most = "" if self.asked is None else f" of {self.asked:g}"
        return f"{mark} {self.what}: {self.measured:g}{most} {self.unit}"


def display_lines(cost: dict[str, dict[str, float]]) -> Iterator[Line]:
    """What is asked is asked of a sheet kind: nine tiles a channel of patches, or of projections. Strips hold both,
    surroundings whole pictures, ordinary answers and channels alike; what stands beside the limit is the mean of them."""
    for picture, found in cost.items():
        kinds = 2 if picture.startswith("strips") else 3 if picture == "surroundings" else 1
        each = f", the mean of its {kinds} kinds" if kinds > 1 else ""
        spent = found["cpu_s_per_25000"]
        yield Line(
            f"display images, {picture}: encoding 25,000 channels{each}", 10, round(spent / kinds, 2), "CPU-s"
        )
        if each:
            yield Line(
                f"display images, {picture}: encoding 25,000 channels, all of it", None, spent, "CPU-s"
            )
        yield Line(f"display images, {picture}: a channel, all of it", 25, found["kb_a_channel"], "KB")


def start_lines(atlas: Atlas) -> Iterator[Line]:
    """From an interpreter's first import to an application that answers; the middle of five."""
    command = [sys.executable, "-c", START, str(atlas.path)]
    runs = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(5)
    ]
    yield Line("server start", 1, round(median(float(line[0]) for line in runs), 3), "s")
    yield Line("server start imports torch", 0, float(runs[0][1] == "True"), "(0: no)")


def page_lines(atlas: Atlas) -> Iterator[Line]:
    """Milliseconds of server CPU of each kind of page, the middle of five after the first."""
    site, widest = make_site(atlas), max(atlas.layers.values(), key=lambda layer: layer.channels)
    parts = {
        "folder": escape(widest.name),
        "shard": 0,
        "label": 0,
        "group": "all",
        "number": 1,
        "chosen": 0,
        "key": "pixels",
    }
    for page in PAGES:
        if "{row" in page.route or page.route.startswith("/image/"):
            continue
        if page.route.endswith("/like/{shard:int}.js") and not knows_likeness(atlas, widest):
            continue
        lessons = {"key": "receptive-field"} if page.route.startswith("/lab") else {}
        asked = Asked(
            parts | lessons | ({"folder": escape(loupes(atlas)[0])} if "chosen" in page.route else {}), {}
        )
        taken = []
        for _ in range(6):
            before = time.process_time()
            page.write(site, asked)
            taken.append((time.process_time() - before) * 1000)
        yield Line(f"page {page.route}", 150, round(median(taken[1:]), 1), "ms")


def loupes(atlas: Atlas) -> list[str]:
    return [name for name in atlas.layers if layout.loupe_file(atlas.path, name).exists()]


def panel_lines(atlas: Atlas, most: int = 40) -> Iterator[Line]:
    """Bytes of a published panel, over shards spread evenly."""
    site, page = make_site(atlas), next(page for page in PAGES if "panels" in page.route)
    every = [address.split("/") for address in script_addresses(atlas) if "/panels/" in address]
    sizes = []
    for _, folder, _, shard in every[:: max(1, len(every) // most)]:
        number = int(shard.removesuffix(".js"))
        text = page.write(site, Asked({"folder": folder, "shard": number}, {}))
        sizes.append(len(text) / min(PANELS_A_SHARD, site.layer(folder).channels - PANELS_A_SHARD * number))
    yield Line("a published panel", 4, round(float(np.mean(sizes)) / 1000, 2), "KB")


def sent_lines() -> Iterator[Line]:
    """Gzipped bytes of scripts and style sheets, each file alone, in all."""
    for kind, name in ((".js", "scripts"), (".css", "styles")):
        size = sum(len(gzip.compress(text)) for file, text in assets().items() if file.endswith(kind))
        yield Line(f"all {name}, gzipped", 20_000, size, "bytes")


@contextmanager
def server(atlas: Atlas, code: str = SERVE) -> Iterator[str]:
    command = [sys.executable, "-c", code, str(atlas.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[2]
        process.terminate()


def browser_lines(atlas: Atlas) -> Iterator[Line]:
    from playwright.sync_api import sync_playwright

    widest = f"layer/{escape(max(atlas.layers.values(), key=lambda layer: layer.channels).name)}/"
    # address, then first paint and largest paint in ms, KB and requests before scrolling
    pages = {
        "Loupe": ("", 600, 1000, 250, 10), "layer": (widest, 600, 1200, 600, 12), "search": ("search/", 600, 1000, 400, 6),
        "image stack": (f"image/{atlas.chosen[0]}/", 800, 1500, 700, 16),
        "lesson": ("learn/stride-and-padding/", 600, 800, 120, 8),
    }  # fmt: skip
    with server(atlas) as url, server(atlas, EMPTY) as empty, sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        first, *_ = visits(chromium, "an empty page", empty, [None] * 4)
        yield first
        for name, (address, *asked) in pages.items():
            yield from visits(chromium, name, url + address, asked)
        yield from interactions(chromium, url, widest)
        chromium.close()


@contextmanager
def slow_page(chromium: Any, url: str) -> Iterator[tuple[Any, list[int]]]:
    """A page that has loaded, and the sizes of all that was sent for it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page, sizes = context.new_page(), []
    tools = context.new_cdp_session(page)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    tools.send("Network.enable")
    line = {"latency": DELAY, "downloadThroughput": RATE, "uploadThroughput": RATE, "offline": False}
    tools.send("Network.emulateNetworkConditions", line)
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(url, wait_until="networkidle")
    yield page, sizes
    context.close()


def visits(chromium: Any, name: str, url: str, asked: Sequence[float | None]) -> Iterator[Line]:
    painted, sent = [], [0]
    for _ in range(REPEATS):
        with slow_page(chromium, url) as (page, sizes):
            painted.append(page.evaluate(PAINTED))
            sent = sizes
    first, largest = (round(median(column)) for column in zip(*painted, strict=True))
    found = (first, largest, round(sum(sent) / 1000, 1), len(sent))
    words = (
        ("first paint", "ms"),
        ("largest paint", "ms"),
        ("before scrolling", "KB"),
        ("before scrolling", "requests"),
    )
    for (what, unit), most, value in zip(words, asked, found, strict=True):
        yield Line(f"{name}: {what}", most, value, unit)


def opened_lines(chromium: Any, url: str) -> Iterator[Line]:
    """What the first channel costs that somebody opens, all of its panel looked at; each time another one."""
    found = []
    for seed in range(1, REPEATS + 1):
        with slow_page(chromium, f"{url}?sort=random&seed={seed}") as (page, sizes):
            before = -1
            while before < (before := len(sizes)):  # the sheets of the first cards
                page.wait_for_timeout(QUIET)
            page.evaluate(ALONE)
            page.evaluate(STEP, "j")
            page.wait_for_timeout(QUIET)
            page.evaluate("document.querySelector('#panel').scrollTop = 1e6")
            page.wait_for_timeout(LOOK)
            found.append((sum(sizes[before:]) / 1000, len(sizes) - before))
    size, many = zip(*found, strict=True)
    yield Line("channel panel: more bytes", 45, round(median(size), 1), "KB")
    yield Line("channel panel: more bytes, the largest", None, round(max(size), 1), "KB")
    yield Line("channel panel: more requests", 3, max(many), "requests")


def waited(page: Any, milliseconds: int) -> Any:
    page.wait_for_timeout(milliseconds)
    return page


def interactions(chromium: Any, url: str, layer: str) -> Iterator[Line]:
    def middle(values: list[float]) -> float:
        return round(median(values), 1)

    with slow_page(chromium, url) as (page, _):
        yield Line(
            "Loupe: pointer to frame",
            50,
            middle([page.evaluate(MOVE, 0.1 + 0.08 * n) for n in range(10)]),
            "ms",
        )
    yield from opened_lines(chromium, url + layer)
    with slow_page(chromium, url + layer) as (page, _):
        sorts = [
            page.evaluate(FILL, ["[name=sort]", by, "input"]) for by in ("max", "sel", "mean", "-max", "")
        ]
        yield Line("layer: sort to frame", 100, middle(sorts), "ms")
        page.evaluate(STEP, "j")
        page.wait_for_timeout(
            QUIET
        )  # the sheets of the cards that sorting brought into sight, and the first channel
        steps = [waited(page, LOOK).evaluate(STEP, "j") for _ in range(7)]
        yield Line(
            "channel panel: j to text", 100, middle(steps[1:]), "ms"
        )  # the first one was not fetched ahead
        norms = [page.evaluate(FILL, ["[name=norm]", norm, "change"]) for norm in ("channel", "layer", "")]
        yield Line("channel panel: scale to frame", 50, middle(norms), "ms")
    with slow_page(chromium, f"{url}search/") as (page, _):
        found = [page.evaluate(FILL, ["scope-find [name=q]", word, "input"]) for word in SEARCHES]
        yield Line("search: key to rows", 100, middle(found), "ms")
    with slow_page(chromium, f"{url}learn/receptive-field/") as (page, _):
        moved = [page.evaluate(FILL, ["main input[type=range]", value, "input"]) for value in ("1", "2", "3")]
        yield Line("lesson: slider to numbers", 50, middle(moved), "ms")


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "platform": platform.platform(),
        "python": platform.python_version(), "numpy": np.__version__, "pillow": Image.__version__,
        "repeats": REPEATS, "browser": f"{SLOWER} times slower, {RATE * 8 / 1e6:g} Mbit/s, {DELAY} ms",
    }  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--channels", type=int, default=25_000)
    asked.add_argument("--atlas", type=Path, help="a real atlas instead")
    asked.add_argument("--out", type=Path)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.atlas or Path(scratch) / "atlas"
        cost = {} if options.atlas else build(root, options.channels)
        atlas, lines = open_atlas(root), []
        parts = (
            display_lines(cost), start_lines(atlas), page_lines(atlas), panel_lines(atlas), sent_lines(), browser_lines(atlas),
        )  # fmt: skip
        for line in chain(*parts):
            lines.append(line)
            print(line, flush=True)
        channels = sum(layer.channels for layer in atlas.layers.values())
    found = {
        "machine": machine(),
        "channels": channels,
        "budget": [asdict(line) | {"holds": line.holds} for line in lines],
    }
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(f"{sum(line.holds for line in lines)} of {len(lines)} rows hold")


if __name__ == "__main__":
    main()
