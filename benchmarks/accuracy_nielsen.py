"""Nielsen's ladder on MNIST, row by row, with his own course: plain SGD in mini-batches of 10, always in the same order.

    nice -n 19 python benchmarks/accuracy_nielsen.py MNIST [--rows nielsen1 nielsen2] [--seeds 3] [--kept FOLDER]

MNIST is a folder with the four IDX files: 50,000 images to train on, the last 10,000 of the training file to
choose the epoch by, 10,000 to test. The figure of a run is, as in the book, the test accuracy at its epoch of best
validation accuracy; the book gives the better of three such runs, here each seed is a row of
accuracy_nielsen.json and none is left out. Rows that are there are skipped, and a stopped row goes on from
its last epoch, in FOLDER. It has a loop of its own, as short as the book's; it is no test of `convscope train --preset paper`.
The vote (nielsen9) needs five seeds of nielsen8 and reads them from FOLDER.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.images import open_images
from convscope.nets.architecture import create, describe
from convscope.nets.nielsen import BATCH, COURSES, Course, initialise
from convscope.nets.vote import Vote
from convscope.plain.files import write_json
from convscope.train.checkpoint import prefixed, read_checkpoint, under, write_checkpoint

RESULT = Path(__file__).with_suffix(".json")
SIZE = {"classes": 10, "channels": 1, "height": 28, "width": 28}
TRAIN, FILE = 50_000, 60_000  # Nielsen's split of the training file
SHIFTS = ((1, 0), (-1, 0), (0, 1), (0, -1))
MEMBERS = 5
Digits = tuple[Tensor, Tensor]  # float32 [n, 1, 28, 28] in 0 to 1, and labels


def read_digits(folder: str) -> dict[str, Digits]:
    images = open_images(folder)
    pixels = np.stack([images[row] for row in range(len(images))])
    values = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    labels = torch.from_numpy(images.labels)
    assert images.ids[TRAIN] == "train/50000"
    assert images.ids[FILE] == "test/00000"
    parts = {"train": slice(0, TRAIN), "val": slice(TRAIN, FILE), "test": slice(FILE, None)}
    return {name: (values[rows], labels[rows]) for name, rows in parts.items()}


def expanded(digits: Digits) -> Digits:
    """The images and their four shifts by one pixel, the wrapped row or column set to zero, shuffled once."""
    values, labels = digits
    shifted = [values, *(one_pixel(values, down, right) for down, right in SHIFTS)]
    order = torch.randperm(len(labels) * len(shifted), generator=torch.Generator().manual_seed(0))
    return torch.cat(shifted)[order], labels.repeat(len(shifted))[order]


def one_pixel(values: Tensor, down: int, right: int) -> Tensor:
    moved = values.roll((down, right), (2, 3))
    if down:
        moved[:, :, 0 if down > 0 else -1] = 0
    if right:
        moved[:, :, :, 0 if right > 0 else -1] = 0
    return moved


def train_epoch(net: nn.Module, digits: Digits, course: Course) -> None:
    """One epoch of ``w -= rate * (gradient + decay / mini-batches * w)``; biases do not decay."""
    parameters = list(net.parameters())
    weights = [parameter for parameter in parameters if parameter.ndim > 1]
    kept = 1 - course.rate * course.decay / (len(digits[1]) // BATCH)
    for values, labels in zip(digits[0].split(BATCH), digits[1].split(BATCH), strict=True):
        batch = values.contiguous(memory_format=torch.channels_last)
        gradients = torch.autograd.grad(functional.cross_entropy(net(batch), labels), parameters)
        with torch.no_grad():
            if course.decay:
                torch._foreach_mul_(weights, kept)
            torch._foreach_add_(parameters, gradients, alpha=-course.rate)


def right(net: nn.Module, digits: Digits) -> int:
    """How many images the network gets right."""
    net.eval()
    with torch.no_grad():
        said = torch.cat([net(values).argmax(1) for values in digits[0].split(500)])
    net.train()
    return int((said == digits[1]).sum())


def train_row(row: str, seed: int, digits: dict[str, Digits], place: Path) -> dict[str, Any]:
    """Train one network to the end, or on from its last epoch; the kept file holds its best epoch too."""
    course, kept = COURSES[row], kept_file(place, row, seed)
    net = first_net(row, seed)
    history: list[dict[str, float]] = []
    best: dict[str, Tensor] = {}
    if kept.is_file():
        tensors, about = read_checkpoint(kept)
        net.load_state_dict(under("net.", tensors))
        best, history = under("best.", tensors), about["history"]
    data = expanded(digits["train"]) if course.expanded else digits["train"]
    for epoch in range(len(history), course.epochs):
        began = time.process_time()
        torch.manual_seed(seed * 1000 + epoch)  # dropout's masks
        train_epoch(net, data, course)
        rights = {name: right(net, digits[name]) for name in ("val", "test")}
        history.append(rights | {"epoch": epoch + 1, "cpu_seconds": time.process_time() - began})
        if chosen(history)["epoch"] == epoch + 1:
            best = {name: tensor.clone() for name, tensor in net.state_dict().items()}
        tensors = prefixed("net.", net.state_dict()) | prefixed("best.", best)
        write_checkpoint(kept, tensors, {"history": history})
    return described(row, seed, history)


def first_net(row: str, seed: int) -> nn.Module:
    net = create(describe(row, **SIZE))
    assert isinstance(net, nn.Sequential)
    torch.manual_seed(seed)
    initialise(net)
    return net.to(memory_format=torch.channels_last).train()


def chosen(history: list[dict[str, float]]) -> dict[str, float]:
    """The epoch of best validation accuracy; of equal ones the last, as network3.py has it."""
    return max(history, key=lambda epoch: (epoch["val"], epoch["epoch"]))


def described(row: str, seed: int, history: list[dict[str, float]]) -> dict[str, Any]:
    best = chosen(history)
    return {
        "row": row, "seed": seed, "book": COURSES[row].accuracy, "accuracy": best["test"] / 100, "images": 10_000,
        "epoch": best["epoch"], "epochs": len(history), "val_accuracy": best["val"] / 100,
        "cpu_minutes": round(sum(epoch["cpu_seconds"] for epoch in history) / 60, 1),
        "ran": time.strftime("%Y-%m-%d"), "torch": torch.__version__, "machine": machine(),
    }  # fmt: skip


def vote(digits: dict[str, Digits], place: Path) -> dict[str, Any] | None:
    """The plurality of five of the eighth network, none of them chosen; None where not all are trained."""
    members = []
    for seed in range(MEMBERS):
        if not (path := kept_file(place, "nielsen8", seed)).is_file():
            return None
        tensors, about = read_checkpoint(path)
        if len(about["history"]) < COURSES["nielsen8"].epochs:
            return None
        net = first_net("nielsen8", seed)
        net.load_state_dict(under("best.", tensors))
        members.append(net)
    count = right(Vote(members), digits["test"])
    return {
        "row": "nielsen9", "seed": 0, "book": COURSES["nielsen9"].accuracy, "accuracy": count / 100, "images": 10_000,
        "ran": time.strftime("%Y-%m-%d"), "torch": torch.__version__, "machine": machine(),
    }  # fmt: skip


def machine() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text("utf-8").splitlines() if about.is_file() else []
    name = next(
        (line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{name}, {os.cpu_count()} cores, 1 thread, load {os.getloadavg()[0]:.1f}"


def main(folder: str, rows: list[str], seeds: int, place: Path) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)  # a saturated network's gradients; a product of them takes 45 times as long
    digits = read_digits(folder)
    results = json.loads(RESULT.read_text("utf-8"))["runs"] if RESULT.is_file() else []
    place.mkdir(parents=True, exist_ok=True)
    for seed, row in ((seed, row) for seed in range(seeds) for row in rows):
        again = row == "nielsen9" and seed > 0  # there is one vote
        if not again and not any((one["row"], one["seed"]) == (row, seed) for one in results):
            result = vote(digits, place) if row == "nielsen9" else train_row(row, seed, digits, place)
            results += [] if result is None else [result]
        write_json(RESULT, {"summary": summary(results), "runs": results})


def summary(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row of the ladder beside the book's; rows that were not run are named."""
    told = []
    for row, course in COURSES.items():
        values = [one["accuracy"] for one in results if one["row"] == row]
        line: dict[str, Any] = {"row": row, "book": course.accuracy, "n": len(values)}
        if values:
            mean = round(statistics.mean(values), 3)
            line |= {"mean": mean, "lowest": min(values), "highest": max(values)}
            line["within 0.15 points"] = abs(mean - course.accuracy) <= 0.15
        else:
            line["note"] = "not run"
        told.append(line)
    return told


def kept_file(place: Path, row: str, seed: int) -> Path:
    return place / f"{row}-{seed}.safetensors"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("--rows", nargs="*", default=list(COURSES), choices=list(COURSES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path("runs/nielsen"))
    asked = parser.parse_args()
    main(asked.folder, asked.rows, asked.seeds, asked.kept)
