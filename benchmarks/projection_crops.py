"""Projection of one unit: on a receptive-field crop, and on the whole image as other tools do it.

    python benchmarks/projection_crops.py [--json FILE]

Both sides run in one process on one thread, interleaved and rotated; CPU time per (unit, image) pair, median
and range of the rounds. The results of both are compared in the same run, or the numbers are void.
"""

import argparse
import json
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from convscope.model.projection import Projection, project, project_crops
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory

NETS = {
    "squeezenet1_0": ("features.1", "features.3.cat", "features.5.cat", "features.8.cat", "features.10.cat"),
    "alexnet": ("features.1", "features.4", "features.7", "features.11"),
    "resnet18": ("relu", "layer1.1.relu#2", "layer2.1.relu#2"),
}
PAIRS = 16
TOLERANCE = 1e-5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    rows = [measure(name, layer, asked.rounds) for name, layers in NETS.items() for layer in layers]
    about = {
        "machine": platform.processor() or platform.machine(), "torch": torch.__version__, "threads": 1,
        "pairs": PAIRS, "rounds": asked.rounds, "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip
    for row in rows:
        low, high = row["ratio_range"]
        print(
            f"{row['net']:14} {row['layer']:18} field {row['field']:4}  {row['ratio']:7.1f} x [{low:.1f}, {high:.1f}]"
        )
    if asked.json:
        asked.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def measure(name: str, layer: str, rounds: int) -> dict[str, Any]:
    model = open_model(name)
    found = model.layers[layer]
    generator = torch.Generator().manual_seed(0)
    batch = torch.randn(PAIRS, 3, model.fit.height, model.fit.width, generator=generator)
    positions = torch.stack(
        [torch.randint(0, size, (PAIRS,), generator=generator) for size in (found.height, found.width)], 1
    )
    channels = torch.arange(PAIRS) % found.channels
    sides = (project, project_crops)
    difference = compare(*(side(model, batch, layer, channels, positions) for side in sides))
    if difference > TOLERANCE:
        raise SystemExit(f"{name} {layer}: the two sides differ by {difference:.1e}; the numbers are void")
    seconds: dict[Any, list[float]] = {side: [] for side in sides}
    for turn in range(rounds):
        for side in sides if turn % 2 else reversed(sides):
            start = time.process_time()
            side(model, batch, layer, channels, positions)
            seconds[side].append((time.process_time() - start) / PAIRS)
    ratios = [whole / crop for whole, crop in zip(seconds[project], seconds[project_crops], strict=True)]
    return {
        "net": name, "layer": layer, "field": found.field.size[0], "ratio": statistics.median(ratios),
        "ratio_range": [min(ratios), max(ratios)],
        "whole_ms": statistics.median(seconds[project]) * 1e3,
        "crop_ms": statistics.median(seconds[project_crops]) * 1e3,
        "difference": difference,
    }  # fmt: skip


def compare(whole: Projection, crops: Projection) -> float:
    """The largest difference of a pair's signals as a share of its largest value."""
    worst = 0.0
    for expected, crop, (top, left) in zip(whole.signal, crops.signal, crops.corners.tolist(), strict=True):
        placed = torch.zeros_like(expected)
        y, x = max(top, 0), max(left, 0)
        target = placed[:, y : top + crop.shape[1], x : left + crop.shape[2]]
        target.copy_(crop[:, y - top : y - top + target.shape[1], x - left : x - left + target.shape[2]])
        scale = expected.abs().max().clamp(min=1e-12)
        worst = max(worst, float((placed - expected).abs().max() / scale))
    return worst


if __name__ == "__main__":
    main()
