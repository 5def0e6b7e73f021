"""What a training step costs in forward passes of its network, and how much of that is ours rather than torch's.

    python benchmarks/step_cost.py [ROUNDS]

Writes step_cost.json beside itself: per task of train_speed.py the CPU milliseconds, in turn and on one thread, of
a forward pass (float32, no gradients), of the least a step can be (the same pixels shown again: forward, loss,
backward, optimiser) and of ours, which also moves the pictures, normalises them and counts what is right.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import about, interleaved, ratio, save, spread
from torch.nn import functional
from train_speed import TASKS

from convscope.images import open_images
from convscope.plain.machine import keep_freed_memory
from convscope.train.course import start_course
from convscope.train.loop import first_state
from convscope.train.recipe import Recipe
from convscope.train.step import train_step

SIDES = ("forward", "bare step", "our step")


def sides(net: str, side: int, batch: int) -> dict[str, Callable[[], object]]:
    """What is timed, each on the same batch of drawn pixels."""
    pixels = np.random.default_rng(0).integers(
        0, 255, (batch * 2, side, side, 1 if side == 28 else 3), dtype=np.uint8
    )
    images = open_images(pixels, labels=np.arange(len(pixels)) % 10, classes=tuple("abcdefghij"))
    with tempfile.TemporaryDirectory() as out:
        recipe = Recipe(net=net, batch=batch, out=out, threads=1, precision="float32", val=0.1)
        course = start_course(images, "drawn", recipe)
    state, shown = first_state(course), course.batches(0)[0]
    rows = torch.from_numpy(shown.rows)
    values, labels = course.normalise(course.train.values[rows]), course.train.labels[rows]

    def bare() -> None:
        state.optimizer.zero_grad()
        functional.cross_entropy(state.net(values), labels, label_smoothing=0.1).backward()
        state.optimizer.step()

    forward = torch.no_grad()(lambda: state.net(values))
    return dict(zip(SIDES, (forward, bare, lambda: train_step(course, state, shown)), strict=True))


def measured(task: str, rounds: int) -> dict[str, Any]:
    side, _, _, batch, net = TASKS[task]
    times = interleaved(sides(net, side, batch), rounds, parts=1)
    return {
        "task": task, "net": net, "pixels": side, "batch": batch, "rounds": rounds,
        "milliseconds": {name: spread(values) for name, values in times.items()},
        "our step in forward passes": ratio(times, "our step", "forward"),
        "bare step in forward passes": ratio(times, "bare step", "forward"),
        "our step in bare steps": ratio(times, "our step", "bare step"),
    }  # fmt: skip


def main(rounds: int) -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    rows = [measured(task, rounds) for task in TASKS]
    save(Path(__file__).with_suffix(".json"), about(__file__, ["torch"], spread="median, least, most"), rows)
    for row in rows:
        print(row["task"], row["our step in forward passes"], row["our step in bare steps"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
