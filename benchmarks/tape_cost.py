"""What recording costs: a recorded forward against a bare one, and the receptive fields of all layers.

    python benchmarks/tape_cost.py [--json FILE] [--rounds N] [--sides 64 224] [--torchlens PATH]

All sides run in one process on one thread, interleaved, batch 1; CPU time, median and range over the rounds.
"Fields" is everything that turns a record into layers. ``--torchlens`` names a folder that holds the package.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import nn

from convscope.model.layers import find_layers
from convscope.model.tape import record
from convscope.plain.files import write_text
from convscope.plain.machine import keep_freed_memory

NETS = ("resnet18", "resnet50", "googlenet", "mobilenet_v2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sides", type=int, nargs="*", default=[64, 224])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--torchlens", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    rival = open_rival(asked.torchlens)
    rows = [measure(name, side, asked.rounds, rival) for side in asked.sides for name in NETS]
    for row in rows:
        print(row)
    about = {
        "script": "benchmarks/tape_cost.py",
        "unit": "CPU milliseconds; median [least, most]",
        "rounds": asked.rounds,
        "machine": f"{platform.processor() or platform.machine()}, 1 thread",
        "load average": round(os.getloadavg()[0], 1),
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
    if asked.json:
        write_text(asked.json, json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def open_rival(folder: Path | None) -> Callable[[nn.Module, torch.Tensor], Any] | None:
    if folder is None:
        return None
    sys.path.append(str(folder))
    import torchlens  # pyright: ignore[reportMissingImports]

    return torchlens.trace


def measure(
    name: str, side: int, rounds: int, rival: Callable[[nn.Module, torch.Tensor], Any] | None
) -> dict[str, Any]:
    extra = {"init_weights": False} if name == "googlenet" else {}
    module = getattr(torchvision.models, name)(weights=None, **extra).eval()
    image = torch.rand(1, 3, side, side)
    found = record(module, image)
    sides: dict[str, Callable[[], Any]] = {
        "bare": lambda: bare(module, image),
        "recorded": lambda: record(module, image),
        "fields": lambda: find_layers(found),
    }
    if rival is not None and side == 64:
        sides["torchlens"] = lambda: rival(module, image)
    times: dict[str, list[float]] = {key: [] for key in sides}
    for turn in range(-1, rounds):  # the first round warms up
        for key, run in sides.items():
            start = time.process_time()
            run()
            if turn >= 0:
                times[key].append(1000 * (time.process_time() - start))
    row: dict[str, Any] = {
        "net": name,
        "side": side,
        "calls": len(found.calls),
        "layers": len(find_layers(found)),
    }
    row |= {key: spread(values) for key, values in times.items()}
    for key in times.keys() - {"bare", "fields"}:
        row[f"{key} / bare"] = spread([a / b for a, b in zip(times[key], times["bare"], strict=True)])
    return row


def bare(module: nn.Module, image: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return module(image)


def spread(values: list[float]) -> list[float]:
    return [round(statistics.median(values), 3), round(min(values), 3), round(max(values), 3)]


if __name__ == "__main__":
    main()
