"""A survey's whole counting pass beside the fastest bare forward pass.

    python benchmarks/survey_cost.py [--json FILE] [--images N] [NET ...]

One process, one thread, CPU time. What is counted: winners with places, maximum, mean, class means, peaks and
spreads, histogram, percentile, share above zero and the sample of peaks of all default layers, on batches in
channels_last layout (``Survey.memory_format``; the default is contiguous, which costs about what the plain side
shows). A survey of N distinct random images counts its first 1,312 unmeasured; of the next 2,048, every batch is
counted and also goes through the bare network, in plain and in channels_last layout; whichever is fastest is what
the survey is compared to. There as many images enter the winners as on average over the whole survey: of image n
9 / n of the channels' winners are new, on average over 16,384 images what it is at 2,183. A round is eight batches,
as values wait for so many before they are counted.
First the winners of one unit are compared with those of a search by plain module hooks: they must be the same to
the bit, or the numbers are void.
"""

import argparse
import copy
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import about, save
from torch import Tensor

from convscope.model.model import Model
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory
from convscope.survey.count import Counts, count_batch
from convscope.survey.ranked import sampled_rows

NETS = {"alexnet": 1.10, "resnet18": 1.12, "mobilenet_v2": 1.45}  # and what issue 6 asks
BATCH, K, CLASSES = 32, 9, 1000
CHECKED, FIRST, MEASURED = 128, 1280, 2048  # images
ROUND = 8  # batches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=list(NETS))
    parser.add_argument("--images", type=int, default=16_384)  # from here on 8 positions a map are sampled
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    rows = []
    for name in asked.nets:
        rows.append(measure(name, asked.images))
        print(json.dumps(rows[-1]), flush=True)
    save(asked.json, made(asked.images), rows)


def made(images: int) -> dict[str, Any]:
    more = {
        "threads": 1, "precision": "float32", "images": images, "counted before": FIRST + BATCH,
        "measured": MEASURED, "batch": BATCH, "k": K, "classes": CLASSES, "weights": "random",
        "beside zennit-crp": "benchmarks/survey_vs_crp.py",
    }  # fmt: skip
    return about(__file__, ("torch", "torchvision", "numpy"), **more)


def measure(name: str, images: int) -> dict[str, Any]:
    """One network's ratios, after its winners are known to be right."""
    torch.manual_seed(0)
    model = open_model(name)
    assert_right(model, chunks(0, CHECKED))
    plain = model.module.eval()
    last = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    sample = sampled_rows([f"{row:06d}" for row in range(images)], 0)
    counts = Counts.none(model, model.surveyed, images, CLASSES, K, sample)
    # no memory is touched for the first time
    counts.merge(Counts.none(model, model.surveyed, images, CLASSES, K, sample))
    sides: Sides = {
        "survey": lambda rows, batch: count_batch(model, counts, rows, batch, rows % CLASSES),
        "channels_last": lambda _, batch: bare(last, batch),
        "plain": lambda _, batch: bare(plain, batch.contiguous()),
    }
    for rows in chunks(0, FIRST):
        sides["survey"](np.arange(rows.start, rows.stop), pixels(rows))
    for side in sides:
        sides[side](np.arange(FIRST, FIRST + BATCH), pixels(range(FIRST, FIRST + BATCH)))
    rounds, load = [], []
    todo = chunks(FIRST + BATCH, FIRST + BATCH + MEASURED)
    for turn in range(len(todo) // ROUND):
        rounds.append(timed(sides, todo[turn * ROUND : (turn + 1) * ROUND], turn))
        load.append(os.getloadavg()[0])
    return summary(name, model, rounds, load)


Sides = dict[str, Callable[[np.ndarray, Tensor], object]]


def chunks(start: int, stop: int) -> list[range]:
    return [range(row, row + BATCH) for row in range(start, stop, BATCH)]


def timed(sides: Sides, todo: Sequence[range], turn: int) -> dict[str, float]:
    """CPU seconds of each side over the same batches, one after the other, in an order that rotates."""
    spent = dict.fromkeys(sides, 0.0)
    for rows in todo:
        batch = pixels(rows)
        for side in rotated(list(sides), turn):
            started = time.process_time()
            sides[side](np.arange(rows.start, rows.stop), batch)
            spent[side] += time.process_time() - started
    return spent


def summary(name: str, model: Model, rounds: list[dict[str, float]], load: list[float]) -> dict[str, Any]:
    total = {side: sum(spent[side] for spent in rounds) for side in rounds[0]}
    fastest = min(("channels_last", "plain"), key=lambda side: total[side])
    ratios = [spent["survey"] / spent[fastest] for spent in rounds]
    return {
        "net": name, "asked": NETS.get(name), "layers": len(model.surveyed),
        "channels": sum(model.layers[layer].channels for layer in model.surveyed),
        "fastest bare": fastest, "bare ms an image": round(1000 * total[fastest] / MEASURED, 2),
        "over all rounds": round(total["survey"] / total[fastest], 3),
        "ratio": round(statistics.median(ratios), 3), "range": [round(min(ratios), 3), round(max(ratios), 3)],
        "rounds": [round(ratio, 3) for ratio in ratios],
        "plain over channels_last": round(total["plain"] / total["channels_last"], 3),
        "winners equal a literal search": True,
        "load average": [round(min(load), 1), round(max(load), 1)],
    }  # fmt: skip


def rotated(names: list[str], turn: int) -> list[str]:
    turn %= len(names)
    return names[turn:] + names[:turn]


def pixels(rows: range) -> Tensor:
    """Noise, another for every row, ``[N, 3, 224, 224]`` in channels_last layout."""
    each = [torch.randn(3, 224, 224, generator=torch.Generator().manual_seed(row)) for row in rows]
    return torch.stack(each).contiguous(memory_format=torch.channels_last)


def bare(module: torch.nn.Module, batch: Tensor) -> object:
    with torch.inference_mode():
        return module(batch)


def assert_right(model: Model, unit: list[range]) -> None:
    """The survey's winners of one unit equal, to the bit, those of a search by hooks over the same batches."""
    everything = np.arange(unit[-1].stop)
    counts = Counts.none(model, model.surveyed, len(everything), CLASSES, K, everything)
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in model.surveyed}
    for rows in unit:
        batch = pixels(rows)
        count_batch(model, counts, np.arange(rows.start, rows.stop), batch, np.arange(rows.start, rows.stop))
        search(model, batch, found)
    for name, parts in found.items():
        peak, place = (np.concatenate(arrays).T for arrays in zip(*parts, strict=True))
        order = np.argsort(-peak, axis=1, kind="stable")[:, :K]
        winners, width = counts.tallies[name].winners, model.layers[name].width
        places = np.take_along_axis(place, order, 1)
        right = (np.take_along_axis(peak, order, 1), order, places // width, places % width)
        assert all(np.array_equal(a, b) for a, b in zip(winners.arrays(), right, strict=True)), name


def search(model: Model, batch: Tensor, found: dict[str, list[tuple[np.ndarray, np.ndarray]]]) -> None:
    """Maximum and place of every map, at plain module hooks: a sum is the output of the block it ends."""
    calls: Counter[str] = Counter()
    before = {name: len(parts) for name, parts in found.items()}

    def hook(path: str):
        def keep(_: torch.nn.Module, __: Any, output: Tensor) -> None:
            calls[path] += 1
            call = path if calls[path] == 1 else f"{path}#{calls[path]}"
            for name in {call, f"{path}.add"} & found.keys():
                maps = output.flatten(2) if output.dim() > 2 else output[:, :, None]
                found[name].append(tuple(part.numpy() for part in maps.max(dim=2)))

        return keep

    handles = [part.register_forward_hook(hook(path)) for path, part in model.module.named_modules() if path]
    bare(model.module.eval(), batch)
    for handle in handles:
        handle.remove()
    missed = [name for name, parts in found.items() if len(parts) != before[name] + 1]
    assert not missed, f"no hook saw {missed}"


if __name__ == "__main__":
    main()
