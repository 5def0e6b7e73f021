"""A synthetic atlas of many channels whose every tile is another, and what encoding its pictures costs."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convscope.atlas import layout, write
from convscope.atlas.context import SIDES, compose
from convscope.atlas.neighbours import nearest_of_each
from convscope.atlas.picture import find_picture
from convscope.atlas.read import open_atlas
from convscope.atlas.stack import Stack, StackLayer, write_stack

SIDE, K, ROWS, WIDE, CLASSES = 64, 9, 200, 512, 10
TILES = {"strips": 64, "strips of pictures above 96 pixels": 80}
CHOSEN, CELLS = 4, 14
SAMPLED = 16  # channels of a layer whose strips are drawn, which stand for all; of the first layer all are, to be walked through
QUANTILES = (0.5, 0.9, 0.99)


def texture(rng: np.random.Generator, height: int, width: int, tile: int = 64) -> np.ndarray:
    """Detail about as fine as a photograph's patch at the size of a tile; no two alike."""
    grain = tile // 12
    coarse = rng.integers(0, 256, (height // grain, width // grain, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def build(root: Path, channels: int) -> dict[str, Any]:
    """The atlas; returns CPU seconds and bytes of each kind of display image."""
    rng = np.random.default_rng(0)
    widths = [WIDE] * (channels // WIDE) + [channels % WIDE] * bool(channels % WIDE)
    kinds = ("patches", "projections", *TILES, "surroundings")
    cost = {kind: {"cpu_s": 0.0, "bytes": 0, "channels": 0} for kind in kinds}
    for place, many in enumerate(widths):
        peaks = rng.gamma(2, 2, (many, ROWS))
        write.write_peaks(root, f"conv{place + 1}", np.arange(ROWS), peaks)
        write.write_numbers(root, f"conv{place + 1}", numbers(rng, many) | ranked(rng, peaks))
        draw(root, f"conv{place + 1}", many, rng, cost)
    photographs(root, rng)
    layers = [entry(f"conv{place + 1}", many, place) for place, many in enumerate(widths)]
    for place in range(0, len(widths), 10):
        loupe(root, f"conv{place + 1}", widths[place], rng)
    write.write_images(root, images())
    write.write_manifest(root, manifest(layers))
    stack(root, layers[::10], rng)
    return {kind: per_25000(value) for kind, value in cost.items()}


def per_25000(cost: dict[str, Any]) -> dict[str, float]:
    scale = 25_000 / cost["channels"]
    return {
        "cpu_s_per_25000": round(cost["cpu_s"] * scale, 2),
        "kb_a_channel": round(cost["bytes"] / cost["channels"] / 1000, 2),
    }


def draw(root: Path, name: str, many: int, rng: np.random.Generator, cost: dict[str, Any]) -> None:
    """Sheets of every channel, and strips and surroundings of the first ones: encoded and written."""
    side = layout.SHEET_TILE * 3 * layout.SHEET_ACROSS
    whole = texture(rng, side, side)
    for kind in ("patches", "projections"):
        for sheet in range(-(-many // layout.CHANNELS_A_SHEET)):
            written = layout.sheet_file(root, name, kind, sheet)
            # moved by a little each time: another tile, as costly to encode
            moved = np.roll(whole, rng.integers(0, side, 2), (0, 1))
            timed(cost[kind], written, moved, layout.CHANNELS_A_SHEET)
    drawn = many if name == "conv1" else min(many, SAMPLED)
    for kind, tile in reversed(TILES.items()):  # those that pages are measured with come last and stay
        detail = texture(rng, side, side, tile)
        for channel in range(drawn):
            picture = np.ascontiguousarray(np.roll(detail, channel, 0)[: 2 * tile, : 9 * tile])
            timed(cost[kind], layout.strip_file(root, name, channel), picture, 1)
    draw_context(root, name, drawn, rng, cost["surroundings"])


def draw_context(root: Path, name: str, drawn: int, rng: np.random.Generator, cost: dict[str, Any]) -> None:
    """As many tiles a row as a survey makes, each row as fine in detail for its size."""
    many = {
        "whole": K,
        "ordinary": len(QUANTILES) * layout.QUANTILE_EXAMPLES,
        "alike": layout.NEIGHBOURS * layout.NEIGHBOUR_EXAMPLES,
    }
    strips = [texture(rng, side + SAMPLED, many[row] * side, side) for row, side in SIDES.items()]
    for channel in range(drawn):
        rows = [
            np.split(strip[channel % SAMPLED :][:side], many[row], 1)
            for strip, (row, side) in zip(strips, SIDES.items(), strict=True)
        ]
        timed(cost, layout.context_file(root, name, channel), compose([np.stack(row) for row in rows]), 1)


def timed(cost: dict[str, Any], path: Path, picture: np.ndarray, channels: int) -> None:
    path.unlink(
        missing_ok=True
    )  # to replace a file costs more than to make one, and each kind is timed as if alone
    # of this thread: after a matrix product others spin for a while, which doubled what was measured
    before = time.thread_time()
    write.write_picture(path, picture)
    cost["cpu_s"] += time.thread_time() - before
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


def ranked(rng: np.random.Generator, peaks: np.ndarray) -> dict[str, np.ndarray]:
    """What a survey finds by ranking a sample of images: those at quantiles, and which channels are alike."""
    of = (len(peaks), len(QUANTILES), layout.QUANTILE_EXAMPLES)
    value = np.quantile(peaks, QUANTILES, axis=1).T[:, :, None] + np.sort(rng.random(of), axis=2) / 100
    places = {f"quantile_{axis}": rng.integers(0, CELLS, of) for axis in ("y", "x")}
    return {
        "quantile_value": value, "quantile_image": rng.integers(0, ROWS, of), **places,
        "neighbour": nearest_of_each(peaks, layout.NEIGHBOURS),
    }  # fmt: skip


def loupe(root: Path, name: str, many: int, rng: np.random.Generator) -> None:
    channel = rng.integers(0, many, (CHOSEN, 3, CELLS, CELLS))
    write.write_loupe(root, name, channel, -np.sort(-rng.random(channel.shape), axis=1))
    for chosen in range(CHOSEN):
        present = len(np.unique(channel[chosen]))
        grey = rng.integers(0, 256, (present * CELLS, CELLS)).astype(np.uint8)
        write.write_picture(layout.loupe_maps_file(root, name, chosen), grey)


def stack(root: Path, layers: list[dict[str, Any]], rng: np.random.Generator) -> None:
    """One picture through some layers."""
    channels, tops = tuple(range(8)), (4.0,) * 8
    entries = tuple(StackLayer(layer["name"], channels, tops, tops) for layer in layers)
    levels = [rng.integers(0, 256, (8, CELLS, CELLS)).astype(np.uint8) for _ in entries]
    write_stack(find_picture(open_atlas(root), "0"), Stack(((0, 0.7),), entries), levels)


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
        "tile": TILES["strips"], "validity": validity, "kernels": False,
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
        "chosen": list(range(CHOSEN)), "survey": {"k": K, "batch": 32, "seed": 0, "quantiles": list(QUANTILES)},
        "provenance": {},
    }  # fmt: skip
