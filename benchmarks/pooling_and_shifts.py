"""What pooling buys under small shifts: a network with pools beside its twin with strided convolutions.

    python benchmarks/pooling_and_shifts.py [--seeds 3] [--epochs 3] [--runs FOLDER] [--json FILE]

Both are trained on the bundled clothes with the same recipe and seed, one pair a seed; the thousand test pictures are
moved 0 to 8 pixels to the right. Runs that are there already are used again.
"""

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import convscope as cs

DATA = "fashion"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = [measure(asked.runs, seed, asked.epochs) for seed in range(asked.seeds)]
    about = {
        "machine": platform.processor() or platform.machine(), "torch": torch.__version__, "threads": 1,
        "data": DATA, "epochs": asked.epochs, "seeds": asked.seeds, "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip
    for row in rows:
        print(f"seed {row['seed']}: {row['finding']} {row['details']}")
    for name in ("scores", "kept"):
        apart = [row[name][0] - row[name][1] for row in rows]
        print(
            f"{name}: with pools minus strided {np.mean(apart):+.3f}, seeds {min(apart):+.3f} to {max(apart):+.3f}"
        )
    if asked.json:
        asked.json.write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")


def measure(runs: Path, seed: int, epochs: int) -> dict[str, Any]:
    """One pair: change of the class scores and share of kept classes, each (with pools, strided), shifts 1 to 8."""
    run = runs / f"pooled{seed}"
    if not (run / "report.json").is_file():
        cs.train(DATA, out=str(runs), name=run.name, seed=seed, epochs=epochs, threads=1)
    twin = cs.train_twin(run)
    seen = cs.shift(run, DATA, twin=twin, split="test", sample=1000)
    both = [seen.model, seen.twin]
    accuracies = [
        json.loads((place / "report.json").read_text())["test"]["accuracy"] for place in (run, twin)
    ]
    return {
        "seed": seed, "pictures": len(seen.ids), "accuracy": accuracies,
        "parameters": [each.parameters for each in both],
        "scores": [float(each.output.change[:, 1:].mean()) for each in both],
        "kept": [float(each.kept[:, 1:].mean()) for each in both],
        "stages": [
            [mine.name, theirs.name, float(mine.change[:, 1:].mean()), float(theirs.change[:, 1:].mean())]
            for mine, theirs in seen.pairs
        ],
        "finding": seen.finding, "details": seen.details,
    }  # fmt: skip


if __name__ == "__main__":
    main()
