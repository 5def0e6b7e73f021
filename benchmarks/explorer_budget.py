"""The explorer on an atlas of 25,000 channels whose every tile is another: start, pages, bytes, first paint, size.

    PYTHONPATH=src python benchmarks/explorer_budget.py [--channels 25000] [--atlas ATLAS] [--out FILE]

Asked for: start <= 1 s without torch; a page <= 150 ms of server time; before scrolling Loupe <= 250 KB in 10 requests,
a layer of 512 channels <= 600 KB in 12, search <= 400 KB in 6, first paint <= 0.6 s each; a keystroke <= 100 ms;
a published panel <= 4 KB; display images <= 10 CPU-s and <= 25 KB a channel for 25,000 channels and sheet kind.
With --atlas the same is measured of a real one.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from convscope.atlas import layout, write
from convscope.atlas.read import Atlas, open_atlas
from convscope.explorer.assets import assets
from convscope.explorer.pages import PAGES, make_site, script_addresses
from convscope.explorer.site import Asked
from convscope.plain.names import escape

SIDE, K, ROWS, WIDE, CLASSES = 64, 9, 200, 512, 10
TILE, CHOSEN, CELLS = 64, 4, 14
ASK = """async text => { const find = document.querySelector('scope-find'), field = find.querySelector('[name=q]');
  const before = performance.now(); field.value = text; field.dispatchEvent(new Event('input'));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - before; }"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
START = """
import sys, time, urllib.request
before = time.perf_counter()
from convscope.explorer.serve import listen, make_server
from convscope.explorer.app import create_app
from convscope.explorer.guard import loopback_hosts
from convscope.atlas.read import open_atlas
app = create_app(open_atlas(sys.argv[1]))
print(time.perf_counter() - before, "torch" in sys.modules)
"""


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Detail about as fine as a photograph's patch at the size of a tile; no two alike."""
    coarse = rng.integers(0, 256, (height // 5, width // 5, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def build(root: Path, channels: int) -> dict[str, Any]:
    """The atlas; returns CPU seconds and bytes of each kind of display image."""
    rng = np.random.default_rng(0)
    widths = [WIDE] * (channels // WIDE) + [channels % WIDE] * bool(channels % WIDE)
    cost = {kind: {"cpu_s": 0.0, "bytes": 0, "channels": 0} for kind in ("patches", "projections", "strips")}
    for place, many in enumerate(widths):
        write.write_numbers(root, f"conv{place + 1}", numbers(rng, many))
        draw(root, f"conv{place + 1}", many, rng, cost)
    photographs(root, rng)
    layers = [entry(f"conv{place + 1}", many, place) for place, many in enumerate(widths)]
    for place in range(0, len(widths), 10):
        loupe(root, f"conv{place + 1}", widths[place], rng)
    write.write_images(root, images())
    write.write_manifest(root, manifest(layers))
    return {kind: per_25000(value) for kind, value in cost.items()}


def per_25000(cost: dict[str, Any]) -> dict[str, float]:
    scale = 25_000 / cost["channels"]
    return {
        "cpu_s_per_25000": round(cost["cpu_s"] * scale, 2),
        "kb_a_channel": round(cost["bytes"] / cost["channels"] / 1000, 2),
    }


def draw(root: Path, name: str, many: int, rng: np.random.Generator, cost: dict[str, Any]) -> None:
    """Sheets of every channel and strips of the first 16, which stand for all: encoded and written."""
    side = layout.SHEET_TILE * 3 * layout.SHEET_ACROSS
    whole = texture(rng, side, side)
    for kind in ("patches", "projections"):
        for sheet in range(-(-many // layout.CHANNELS_A_SHEET)):
            written = layout.sheet_file(root, name, kind, sheet)
            # moved by a little each time: another tile, as costly to encode
            timed(
                cost[kind], written, np.roll(whole, rng.integers(0, side, 2), (0, 1)), layout.CHANNELS_A_SHEET
            )
    for channel in range(min(many, 16)):
        picture = np.ascontiguousarray(np.roll(whole, channel, 0)[: 2 * TILE, : 9 * TILE])
        timed(cost["strips"], layout.strip_file(root, name, channel), picture, 1)


def timed(cost: dict[str, Any], path: Path, picture: np.ndarray, channels: int) -> None:
    before = time.process_time()
    write.write_picture(path, picture)
    cost["cpu_s"] += time.process_time() - before
    cost["bytes"] += path.stat().st_size
    cost["channels"] += channels


def numbers(rng: np.random.Generator, many: int) -> dict[str, np.ndarray]:
    value = -np.sort(-rng.gamma(2, 2, (many, K)), axis=1)
    value[rng.random(many) < 0.02] = 0
    peak = rng.gamma(0.5, 1, (many, CLASSES))
    cells = np.stack([np.arange(CELLS) * 4, np.arange(CELLS) * 4 + 12], axis=1).clip(0, SIDE)
    return {
        "value": value, "image": rng.integers(0, ROWS, (many, K)), "y": rng.integers(0, CELLS, (many, K)),
        "x": rng.integers(0, CELLS, (many, K)), "mean": rng.random(many), "maximum": value[:, 0],
        "p999": value[:, 0] * 0.9, "positive": rng.random(many), "class_mean": peak, "class_peak": peak,
        "class_spread": peak / 3, "histogram": rng.integers(0, 9999, (many, 64)),
        "histogram_edges": np.tile(np.linspace(0, 9, 65), (many, 1)), "rows": cells, "columns": cells,
        "scale": rng.random((many, K)), "duplicate": np.zeros((many, K)),
    }  # fmt: skip


def loupe(root: Path, name: str, many: int, rng: np.random.Generator) -> None:
    channel = rng.integers(0, many, (CHOSEN, 3, CELLS, CELLS))
    write.write_loupe(root, name, channel, -np.sort(-rng.random(channel.shape), axis=1))
    for chosen in range(CHOSEN):
        present = len(np.unique(channel[chosen]))
        grey = rng.integers(0, 256, (present * CELLS, CELLS)).astype(np.uint8)
        write.write_picture(layout.loupe_maps_file(root, name, chosen), grey)


def photographs(root: Path, rng: np.random.Generator) -> None:
    for row in range(CHOSEN):
        write.write_picture(layout.photo_file(root, row), texture(rng, SIDE, SIDE))
    for sheet in range(-(-ROWS // layout.THUMBS_A_SHEET)):
        write.write_picture(layout.thumbs_file(root, sheet), texture(rng, 640, 640))


def images() -> dict[str, list[Any]]:
    labels = [row % CLASSES for row in range(ROWS)]
    same = {"height": [SIDE] * ROWS, "width": [SIDE] * ROWS, "split": ["val"] * ROWS}
    ids = [f"{row:05d}.png" for row in range(ROWS)]
    return {"id": ids, "label": labels, "predicted": labels, "probability": [0.7] * ROWS, **same}


def entry(name: str, many: int, place: int) -> dict[str, Any]:
    validity = {"label": "exact", "sentence": "Every rectifier was treated.", "labels": ["exact"]}
    return {
        "name": name, "folder": name, "operation": "relu", "shape": [many, CELLS, CELLS], "chain": [name],
        "size": [12, 12], "stride": [4, 4], "start": [0, 0], "exact": True, "kernel": "3 x 3", "pictures": True,
        "tile": TILE, "validity": validity, "kernels": False,
    }  # fmt: skip


def manifest(layers: list[dict[str, Any]]) -> dict[str, Any]:
    classes = [f"class {index}" for index in range(CLASSES)]
    model = {
        "id": "0" * 64, "name": "many", "net": None, "classes": classes, "height": SIDE, "width": SIDE, "channels": 3,
        "fit": {"height": SIDE, "width": SIDE}, "mean": [0.5], "std": [0.5], "output": layers[-1]["name"],
        "parameters": 1, "notes": [],
    }  # fmt: skip
    about = {"name": "textures", "digest": "1" * 64, "classes": classes, "count": ROWS, "found": ROWS}
    return {
        "stage": "complete", "model": model, "images": {**about, "split": "val", "notes": []}, "layers": layers,
        "chosen": list(range(CHOSEN)), "survey": {"k": K, "batch": 32, "seed": 0}, "provenance": {},
    }  # fmt: skip


def start(atlas: Atlas) -> dict[str, Any]:
    """Seconds from an interpreter's first import to an application that answers; the middle of five."""
    command = [sys.executable, "-c", START, str(atlas.path)]
    found = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(5)
    ]
    return {"seconds": round(median(float(line[0]) for line in found), 3), "torch": found[0][1] == "True"}


def pages(atlas: Atlas) -> dict[str, Any]:
    """Milliseconds of server CPU a page of each kind, the middle of five after the first."""
    site, widest = make_site(atlas), max(atlas.layers.values(), key=lambda layer: layer.channels)
    parts = {"folder": escape(widest.name), "shard": 0, "label": 0, "group": "all", "number": 1, "chosen": 0}
    found = {}
    for page in PAGES:
        if "{key}" in page.route:
            continue
        asked = Asked(parts | {"folder": escape(loupes(atlas)[0])} if "chosen" in page.route else parts, {})
        taken = []
        for _ in range(6):
            before = time.process_time()
            text = page.write(site, asked)
            taken.append((time.process_time() - before) * 1000)
        found[page.route] = {
            "ms": round(median(taken[1:]), 1),
            "first_ms": round(taken[0], 1),
            "bytes": len(text),
        }
    return found


def loupes(atlas: Atlas) -> list[str]:
    return [name for name in atlas.layers if layout.loupe_file(atlas.path, name).exists()]


def panels(atlas: Atlas, most: int = 40) -> dict[str, float]:
    """Bytes of a published panel, over shards spread evenly."""
    site, page = make_site(atlas), next(page for page in PAGES if "panels" in page.route)
    every = [address.split("/") for address in script_addresses(atlas) if "/panels/" in address]
    some = every[:: max(1, len(every) // most)]
    sizes = []
    for _, folder, _, shard in some:
        text = page.write(site, Asked({"folder": folder, "shard": int(shard.removesuffix(".js"))}, {}))
        count = min(16, site.layer(folder).channels - 16 * int(shard.removesuffix(".js")))
        sizes.append(len(text) / count)
    channels = sum(layer.channels for layer in atlas.layers.values())
    return {
        "kb_a_panel": round(float(np.mean(sizes)) / 1000, 2),
        "mb_published": round(float(np.mean(sizes)) * channels / 1e6, 1),
    }


@contextmanager
def server(atlas: Atlas) -> Iterator[str]:
    code = "import sys\nfrom convscope.explorer.serve import serve\nserve(sys.argv[1], port=None)"
    command = [sys.executable, "-c", code, str(atlas.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process.stdout.readline().split()[2]
        process.terminate()


def browser(atlas: Atlas, repeats: int = 5) -> dict[str, Any]:
    """First paint, requests and bytes before scrolling, in Chromium; and keystrokes of the search."""
    from playwright.sync_api import sync_playwright

    widest = max(atlas.layers.values(), key=lambda layer: layer.channels)
    wanted = {"loupe": "", "layer": f"layer/{escape(widest.name)}/", "search": "search/"}
    with server(atlas) as url, sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        found = {name: visits(chromium, url + address, repeats) for name, address in wanted.items()}
        found["search"] |= keystrokes(chromium, f"{url}search/")
        chromium.close()
    return found


def visits(chromium: Any, url: str, repeats: int) -> dict[str, Any]:
    painted, sizes = [], []
    for _ in range(repeats):
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page = context.new_page()
        sizes = []
        page.on(
            "requestfinished", lambda request, kept=sizes: kept.append(request.sizes()["responseBodySize"])
        )
        page.goto(url, wait_until="networkidle")
        painted.append(page.evaluate(PAINTED))
        context.close()
    return {"first_paint_ms": spread(painted), "requests": len(sizes), "kb": round(sum(sizes) / 1000, 1)}


def keystrokes(chromium: Any, url: str) -> dict[str, Any]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url, wait_until="networkidle")
    words = (
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
    return {"keystroke_ms": spread([page.evaluate(ASK, word) for word in words])}


def spread(values: list[float]) -> dict[str, float]:
    return {"median": round(median(values), 1), "worst": round(max(values), 1), "n": len(values)}


def sent() -> dict[str, int]:
    """Gzipped bytes of scripts and style sheets, each file alone, in all."""
    import gzip

    kinds = (".js", ".css")
    return {
        kind: sum(len(gzip.compress(text)) for name, text in assets().items() if name.endswith(kind))
        for kind in kinds
    }


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "platform": platform.platform(),
        "python": platform.python_version(), "numpy": np.__version__, "pillow": Image.__version__,
    }  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--channels", type=int, default=25_000)
    asked.add_argument("--atlas", type=Path, help="a real atlas instead")
    asked.add_argument("--out", type=Path)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.atlas or Path(scratch) / "atlas"
        found: dict[str, Any] = {"machine": machine()}
        if not options.atlas:
            found["display_images"] = build(root, options.channels)
        atlas = open_atlas(root)
        found["channels"] = sum(layer.channels for layer in atlas.layers.values())
        found |= {"start": start(atlas), "pages": pages(atlas), "panels": panels(atlas), "sent": sent()}
        found["browser"] = browser(atlas)
    text = json.dumps(found, indent=1)
    if options.out:
        options.out.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
