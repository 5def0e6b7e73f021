"""Atlases of many channels: 25,000 with numbers only, and one layer of 512 with its sheets."""

from pathlib import Path

import numpy as np
from PIL import Image

from convscope.atlas import layout, write
from convscope.atlas.read import Atlas, open_atlas

LAYERS, CHANNELS, K, ROWS, SIDE = 50, 500, 3, 20, 16
CLASSES = ("cat", "dog", "guide dog", "owl", "fox", "great white shark", "hen", "cock", "ram", "yak")


def build(root: Path, layers: int = LAYERS, channels: int = CHANNELS, *, sheets: bool = False) -> Atlas:
    rng = np.random.default_rng(5)
    columns = {"id": [f"{row}.png" for row in range(ROWS)], "label": [row % 10 for row in range(ROWS)]}
    size = {"height": [SIDE] * ROWS, "width": [SIDE] * ROWS, "split": ["val"] * ROWS}
    write.write_images(root, columns | size | {"predicted": columns["label"], "probability": [0.5] * ROWS})
    for place in range(layers):
        write.write_numbers(root, f"conv{place + 1}", _numbers(rng, channels))
        for sheet in range(-(-channels // layout.CHANNELS_A_SHEET) if sheets else 0):
            for kind in ("patches", "projections"):
                write.write_picture(layout.sheet_file(root, f"conv{place + 1}", kind, sheet), _sheet(rng))
    write.write_manifest(root, _manifest(layers, channels))
    return open_atlas(root)


def _sheet(rng: np.random.Generator) -> np.ndarray:
    """Eight by eight channels of nine tiles, each as rich in detail as a photograph's patch."""
    across = layout.SHEET_ACROSS * 3
    coarse = Image.fromarray(rng.integers(0, 256, (across * 8, across * 8, 3)).astype(np.uint8))
    return np.asarray(coarse.resize([across * layout.SHEET_TILE] * 2, Image.Resampling.BICUBIC))


def _numbers(rng: np.random.Generator, many: int) -> dict[str, np.ndarray]:
    value = -np.sort(-rng.gamma(2, 2, (many, K)), axis=1)
    value[rng.random(many) < 0.02] = 0
    seen = np.array([[0, SIDE]])
    peak = rng.gamma(0.5, 1, (many, len(CLASSES)))
    return {
        "value": value, "image": rng.integers(0, ROWS, (many, K)), "y": np.zeros((many, K)), "x": np.zeros((many, K)),
        "mean": rng.random(many), "maximum": value[:, 0], "p999": value[:, 0] * 0.9, "positive": rng.random(many),
        "class_mean": peak, "class_peak": peak, "rows": seen, "columns": seen,
        "histogram": np.ones((many, 64)), "histogram_edges": np.tile(np.linspace(0, 9, 65), (many, 1)),
        "scale": np.ones((many, K)), "duplicate": np.zeros((many, K)),
    }  # fmt: skip


def _manifest(layers: int, channels: int) -> dict:
    model = {
        "id": "0" * 64, "name": "many", "net": None, "classes": list(CLASSES), "height": SIDE, "width": SIDE,
        "channels": 3, "fit": {"height": SIDE, "width": SIDE}, "mean": [0.5], "std": [0.5], "output": f"conv{layers}",
        "parameters": 1, "notes": [],
    }  # fmt: skip
    images = {
        "name": "none", "digest": "1" * 64, "classes": list(CLASSES), "count": ROWS, "found": ROWS,
        "split": "val", "notes": [],
    }  # fmt: skip
    validity = {"label": "exact", "sentence": "Every rectifier was treated.", "labels": ["exact"]}
    entries = [
        {
            "name": f"conv{place + 1}", "folder": f"conv{place + 1}", "operation": "conv", "shape": [channels, 1, 1],
            "chain": [f"conv{place + 1}"], "size": [SIDE] * 2, "stride": [SIDE] * 2, "start": [0, 0], "exact": True,
            "kernel": "3 x 3", "pictures": False, "tile": 64, "validity": validity, "kernels": False,
        }
        for place in range(layers)
    ]  # fmt: skip
    return {
        "stage": "numbers", "model": model, "images": images, "layers": entries, "chosen": [],
        "survey": {"k": K, "batch": 64, "seed": 0}, "provenance": {"device": "cpu"},
    }  # fmt: skip
