"""What recording costs: a recorded forward against a bare one, and the receptive fields of all layers.

    python benchmarks/tape_cost.py [--json FILE] [--rounds N] [--sides 64 224] [--torchlens PATH]

All sides run in one process on one thread, interleaved, batch 1; CPU time, median and range over the rounds.
"Fields" is everything that turns a record into layers. ``--torchlens`` names a folder that holds the package.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision
from measuring import about, interleaved, ratio, save, spread
from torch import nn

from convscope.model.layers import find_layers
from convscope.model.tape import record
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
    more = {"unit": "CPU milliseconds; median [least, most]", "rounds": asked.rounds, "threads": 1}
    save(asked.json, about(__file__, ("torch", "torchvision"), **more), rows)


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
    times = interleaved(sides, rounds, 1)
    row: dict[str, Any] = {
        "net": name,
        "side": side,
        "calls": len(found.calls),
        "layers": len(find_layers(found)),
    }
    row |= {key: spread(values) for key, values in times.items()}
    for key in times.keys() - {"bare", "fields"}:
        row[f"{key} / bare"] = ratio(times, key, "bare")
    return row


def bare(module: nn.Module, image: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return module(image)


if __name__ == "__main__":
    main()
