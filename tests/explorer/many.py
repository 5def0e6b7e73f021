"""An atlas of 25,000 channels, numbers only: what searching has to bear."""

from pathlib import Path

import numpy as np

from convscope.atlas import write
from convscope.atlas.read import Atlas, open_atlas

LAYERS, CHANNELS, K, ROWS, SIDE = 50, 500, 3, 20, 16
CLASSES = ("cat", "dog", "guide dog", "owl", "fox", "great white shark", "hen", "cock", "ram", "yak")


def build(root: Path) -> Atlas:
    rng = np.random.default_rng(5)
    columns = {"id": [f"{row}.png" for row in range(ROWS)], "label": [row % 10 for row in range(ROWS)]}
    size = {"height": [SIDE] * ROWS, "width": [SIDE] * ROWS, "split": ["val"] * ROWS}
    write.write_images(root, columns | size | {"predicted": columns["label"], "probability": [0.5] * ROWS})
    for place in range(LAYERS):
        write.write_numbers(root, f"conv{place + 1}", _numbers(rng))
    write.write_manifest(root, _manifest())
    return open_atlas(root)


def _numbers(rng: np.random.Generator) -> dict[str, np.ndarray]:
    many, value = CHANNELS, -np.sort(-rng.gamma(2, 2, (CHANNELS, K)), axis=1)
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


def _manifest() -> dict:
    model = {
        "id": "0" * 64, "name": "many", "net": None, "classes": list(CLASSES), "height": SIDE, "width": SIDE,
        "channels": 3, "fit": {"height": SIDE, "width": SIDE}, "mean": [0.5], "std": [0.5], "output": "conv50",
        "parameters": 1, "notes": [],
    }  # fmt: skip
    images = {
        "name": "none", "digest": "1" * 64, "classes": list(CLASSES), "count": ROWS, "found": ROWS,
        "split": "val", "notes": [],
    }  # fmt: skip
    validity = {"label": "exact", "sentence": "Every rectifier was treated.", "labels": ["exact"]}
    layers = [
        {
            "name": f"conv{place + 1}", "folder": f"conv{place + 1}", "operation": "conv", "shape": [CHANNELS, 1, 1],
            "chain": [f"conv{place + 1}"], "size": [SIDE] * 2, "stride": [SIDE] * 2, "start": [0, 0], "exact": True,
            "kernel": "3 x 3", "pictures": False, "tile": 64, "validity": validity, "kernels": False,
        }
        for place in range(LAYERS)
    ]  # fmt: skip
    return {
        "stage": "numbers", "model": model, "images": images, "layers": layers, "chosen": [],
        "survey": {"k": K, "batch": 64, "seed": 0}, "provenance": {"device": "cpu"},
    }  # fmt: skip
