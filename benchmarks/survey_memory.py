"""Private memory of a survey: few images beside many.

    python benchmarks/survey_memory.py [--images 2000 50000] [--rounds N] [--threads N] [--json FILE]

Each survey runs in a process of its own, over 32-pixel pictures that are drawn when they are asked for, so that
only what the survey itself holds is measured; the largest private (anonymous) memory while it ran, asked every
20 ms, median and range of the rounds. What the interpreter and torch hold before the survey begins is given
beside it. Both sides find the same pictures: the many repeat the few, so that the strongest values must agree, or
the numbers are void. A folder's list costs besides what its names and paths take.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from measuring import about, save, spread

from convscope.images.source import Images, numbered

SPEC, SIDE, DISTINCT, ASKED = "16c3 p2 32c3 p2 32c3", 32, 500, 1.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs=2, default=[2000, 50_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--threads", type=int, default=1, help="of torch; as many batches are counted at once"
    )
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--one", type=int, help=argparse.SUPPRESS
    )  # so many images: one survey, in this process
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one_survey(asked.one, asked.threads)))
        return
    row = compared(asked.images, asked.rounds, asked.threads)
    print(json.dumps(row))
    save(asked.json, made(asked.rounds), [row])


def made(rounds: int) -> dict[str, Any]:
    unit = "MiB of private memory at most; median [least, most]"
    more = {"rounds": rounds, "net": SPEC, "pixels": SIDE, "unit": unit, "project": "lazy"}
    return about(__file__, ("torch",), **more)


def compared(counts: list[int], rounds: int, threads: int) -> dict[str, Any]:
    found: dict[int, list[dict[str, Any]]] = {count: [] for count in counts}
    for turn in range(rounds):
        for count in counts if turn % 2 else reversed(counts):
            found[count].append(in_a_process(count, threads))
    few, many = counts
    strongest = {found[count][0]["strongest"] for count in counts}
    assert len(strongest) == 1, f"the same pictures gave other maxima: {strongest}"
    ratios = [b["peak"] / a["peak"] for a, b in zip(found[few], found[many], strict=True)]
    return {
        "images": counts, "threads": threads, "asked": ASKED, "ratio": spread(ratios),
        **{f"peak, {count}": spread([one["peak"] for one in found[count]]) for count in counts},
        **{f"before, {count}": spread([one["before"] for one in found[count]]) for count in counts},
        "CPU seconds": {count: spread([one["seconds"] for one in found[count]]) for count in counts},
    }  # fmt: skip


def pictures(count: int) -> Images:
    """Noise in two classes; picture n is picture n - 500 again."""
    distinct = np.random.default_rng(0).integers(0, 256, (DISTINCT, SIDE, SIDE, 3), dtype=np.uint8)
    return Images(
        "noise", numbered(count), np.arange(count) % 2, ("a", "b"), ("",) * count,
        read=lambda row: distinct[row % DISTINCT], measure=lambda _: (SIDE, SIDE),
        evidence=lambda row: str(row % DISTINCT),
    )  # fmt: skip


def in_a_process(count: int, threads: int) -> dict[str, Any]:
    call = [sys.executable, "-W", "ignore", __file__, "--one", str(count), "--threads", str(threads)]
    return json.loads(
        subprocess.run(call, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    )


def one_survey(count: int, threads: int) -> dict[str, Any]:
    """The largest private memory during one survey, and the strongest value that it found."""
    import torch

    import convscope as cs
    from convscope.plain.machine import keep_freed_memory

    keep_freed_memory()
    torch.set_num_threads(threads)
    model = cs.open_model(SPEC, input_size=SIDE, classes=2, mean=0.5, std=0.25)
    seen = [private()]
    done = threading.Event()
    watch = threading.Thread(target=lambda: watch_memory(seen, done), daemon=True)
    watch.start()
    with tempfile.TemporaryDirectory() as folder:
        atlas = cs.survey(model, pictures(count), into=folder, project="lazy")
        strongest = max(float(atlas.winners(layer)["value"].max()) for layer in atlas.layers)
    done.set()
    watch.join()
    return {
        "before": seen[0],
        "peak": max(seen),
        "strongest": round(strongest, 5),
        "seconds": time.process_time(),
    }


def watch_memory(seen: list[float], done: threading.Event) -> None:
    while not done.wait(0.02):
        seen.append(private())


def private() -> float:
    """Anonymous memory of this process that is in use, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


if __name__ == "__main__":
    main()
