"""A small atlas, written by the public writers, and a way to damage it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convscope.atlas import layout, write

CHANNELS, K, SIDE, ROWS, CLASSES = 4, 9, 6, 3, 2
NAMES = ("relu1", "block/2.add#2")


def numbers(seed: int = 0) -> dict[str, np.ndarray]:
    """Every array of the format, with recognisable values."""
    rng = np.random.default_rng(seed)
    shapes = dict.fromkeys(layout.NUMBERS, (CHANNELS,)) | dict.fromkeys(
        ("value", "image", "y", "x", "scale", "duplicate"), (CHANNELS, K)
    )
    shapes |= {"class_mean": (CHANNELS, CLASSES), "class_peak": (CHANNELS, CLASSES)}
    shapes |= {
        "histogram": (CHANNELS, 64),
        "histogram_edges": (CHANNELS, 65),
        "rows": (SIDE, 2),
        "columns": (SIDE, 2),
    }
    arrays = {name: rng.random(shape) for name, shape in shapes.items()}
    arrays["image"] = rng.integers(-1, ROWS, (CHANNELS, K))
    arrays["histogram"] = rng.integers(0, 2**40, (CHANNELS, 64))
    arrays["rows"] = arrays["columns"] = np.stack([np.arange(SIDE), np.arange(SIDE) + 3], axis=1)
    arrays["maximum"] = np.array([1.0, 3.0, 0.0, 2.0])
    return arrays


def manifest(**changes: Any) -> dict[str, Any]:
    validity = {
        "label": "exact",
        "sentence": "all treated.",
        "labels": ["exact"],
        "rectified": 1,
        "rectifiers": 1,
    }
    layers = [
        {
            "name": name, "folder": "unused", "operation": "relu", "shape": [CHANNELS, SIDE, SIDE],
            "chain": [f"conv{place}", name], "size": [3, 3], "stride": [1, 1], "start": [-1, -1], "exact": True,
            "kernel": "3 x 3", "pictures": place == 0, "tile": 12, "validity": validity, "kernels": place == 0,
        }
        for place, name in enumerate(NAMES)
    ]  # fmt: skip
    model = {"id": "m", "name": "tiny", "classes": ["a", "b"], "fit": {"height": 8, "width": 8}}
    images = {"name": "set", "count": ROWS, "classes": ["a", "b"]}
    return {
        "stage": "complete",
        "model": model,
        "images": images,
        "layers": layers,
        "chosen": [0],
        "survey": {},
    } | changes


def columns() -> dict[str, list[Any]]:
    return {
        "id": ["a.png", "é b.png", "c/d.png"], "label": [0, 1, -1], "split": ["val"] * 3, "height": [8, 9, 10],
        "width": [5, 6, 7], "predicted": [0, 0, 1], "probability": [0.5, 0.75, 1.0],
    }  # fmt: skip


def draw(root: Path, layer: str) -> None:
    """Strips in which each of the 18 tiles of a channel has its own grey; and a picture of kernels."""
    for channel in range(CHANNELS):
        greys = np.arange(18).reshape(2, 9) * 3 + channel * 60
        strip = np.repeat(greys.repeat(8, 0).repeat(8, 1)[:, :, None], 3, axis=2).astype(np.uint8)
        write.write_picture(layout.strip_file(root, layer, channel), strip)
    write.write_picture(layout.kernels_file(root, layer), np.full((20, 30, 3), 77, np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "atlas"
    write.prepare_folder(root)
    for place, name in enumerate(NAMES):
        write.write_numbers(root, name, numbers(place))
    write.write_images(root, columns())
    draw(root, NAMES[0])
    write.write_manifest(root, manifest())
    return root


@pytest.fixture
def altered(folder: Path) -> Callable[..., Path]:
    """The atlas with other values in its manifest."""

    def alter(**changes: Any) -> Path:
        there = json.loads((folder / layout.MANIFEST).read_text())
        (folder / layout.MANIFEST).write_text(json.dumps(there | changes))
        return folder

    return alter
