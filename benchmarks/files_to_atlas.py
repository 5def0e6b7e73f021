"""From picture files to an atlas: wall time beside what decoding and bare forward passes must cost.

    GOMP_SPINCOUNT=2000 python benchmarks/files_to_atlas.py FOLDER [NET ...] [--images N] [--rounds N] [--json FILE]

The variable is what the convscope command sets for itself: idle threads sleep soon.

In one process, one after the other: CPU time of reading and fitting N pictures, CPU time of bare forward passes
over them (one thread, in the faster of two memory layouts), and the wall time, on all cores, from the files to an
atlas that has every number, the winners and the thumbnails. Were nothing lost and all cores busy, it would be the
sum of the two over the cores. Cores that share their parts (two threads of one core, a busy machine) give less:
so bare forward passes on all cores are timed beside it, and what the survey takes is also put over decoding and
those. Patches of the winners come after that, cost by channel, not by image, and are not in it.
The atlas must equal, array for array, one surveyed from the same pictures in memory, or the numbers are void.
"""

import argparse
import copy
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measuring import about, save, spread

from convscope.atlas.read import Atlas, open_atlas
from convscope.images import open_images
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory
from convscope.survey.job import count, prepare
from convscope.survey.partial import ALL
from convscope.survey.record import write_counts
from convscope.survey.settings import Survey

BATCH, ASKED = 32, 1.25
SETTINGS = Survey(batch=BATCH, split="all", project="none", memory_format="channels_last")


@dataclass(frozen=True)
class Spent:
    """Seconds of wall and of CPU time."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("nets", nargs="*", default=["alexnet", "resnet18"])
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    found = open_images(asked.folder)
    images = found.subset(np.linspace(0, len(found) - 1, min(asked.images, len(found))).astype(int))
    images = images.sorted_by_id()
    rows = []
    for name in asked.nets:
        rows.append(measured(name, images, asked.rounds))
        print(json.dumps(rows[-1]), flush=True)
        save(asked.json, made(images, asked.rounds), rows)


def cores() -> int:
    return len(os.sched_getaffinity(0))


def made(images: Images, rounds: int) -> dict[str, Any]:
    height, width = np.median([images.size(row) for row in range(len(images))], axis=0)
    more = {
        "cores": cores(), "rounds": rounds, "pictures": images.name, "images": len(images),
        "median picture": f"{width:.0f} x {height:.0f}", "batch": BATCH, "weights": "random",
        "unit": "seconds; median [least, most]", "memory format": "channels_last",
    }  # fmt: skip
    return about(__file__, ("torch", "torchvision", "pillow", "numpy"), **more)


def measured(name: str, images: Images, rounds: int) -> dict[str, Any]:
    torch.manual_seed(0)
    model = open_model(name)
    with tempfile.TemporaryDirectory() as folder:
        sides = [one_round(model, images, Path(folder) / str(turn)) for turn in range(rounds)]
        assert_equal(open_atlas(Path(folder) / "0"), model, images, Path(folder) / "memory")
    return summary(name, {side: [one[side] for one in sides] for side in sides[0]})


def one_round(model: Model, images: Images, into: Path) -> dict[str, Spent]:
    batches: list[torch.Tensor] = []
    return {
        "decode": timed(lambda: batches.extend(read_all(model, images)), threads=1),
        "plain": forward(model, batches, torch.contiguous_format),
        "channels_last": forward(model, batches, torch.channels_last),
        "plain, all cores": forward(model, batches, torch.contiguous_format, cores()),
        "channels_last, all cores": forward(model, batches, torch.channels_last, cores()),
        "survey": timed(lambda: counted(model, images, into), cores()),
    }


def timed(work: Callable[[], object], threads: int) -> Spent:
    torch.set_num_threads(threads)
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def read_all(model: Model, images: Images) -> Iterator[torch.Tensor]:
    for start in range(0, len(images), BATCH):
        rows = range(start, min(start + BATCH, len(images)))
        yield torch.stack([model.preprocess(images[row]) for row in rows])


def forward(
    model: Model, batches: list[torch.Tensor], layout: torch.memory_format, threads: int = 1
) -> Spent:
    module = copy.deepcopy(model.module).eval().to(memory_format=layout)
    turned = [batch.contiguous(memory_format=layout) for batch in batches]

    def work() -> None:
        with torch.inference_mode():
            for batch in turned:
                module(batch)

    return timed(work, threads)


def counted(model: Model, images: Images, into: Path) -> None:
    job = prepare(model, images, into, SETTINGS)
    write_counts(job, count(job, range(len(job.units)), ALL))


def assert_equal(atlas: Atlas, model: Model, images: Images, into: Path) -> None:
    """An atlas of the same pictures as arrays has the same numbers, to the bit.

    But for the examples at quantiles and the channels alike of more than 512 images: whose peaks are kept is decided
    by their ids.
    """
    arrays = [images[row] for row in range(len(images))]
    counted(model, open_images(arrays, labels=images.labels.tolist(), classes=list(images.classes)), into)
    again = open_atlas(into)
    for layer in atlas.layers:
        other = again.numbers(layer)
        for name, array in atlas.numbers(layer).items():
            if name.startswith(("quantile_", "neighbour")) and len(images) > 512:
                continue
            assert np.array_equal(array, other[name], equal_nan=True), f"{layer} {name} differs"


def summary(name: str, spent: dict[str, list[Spent]]) -> dict[str, Any]:
    bare = ("plain", "channels_last")
    fastest = min(bare, key=lambda side: statistics.median(one.cpu for one in spent[side]))
    least = [a.cpu + b.cpu for a, b in zip(spent["decode"], spent[fastest], strict=True)]
    took = spent["survey"]
    together = min(
        (f"{side}, all cores" for side in bare), key=lambda s: statistics.median(one.wall for one in spent[s])
    )
    given = [a.cpu / cores() + b.wall for a, b in zip(spent["decode"], spent[together], strict=True)]
    return {
        "net": name, "asked": ASKED, "fastest bare": fastest, "equals a survey from memory": True,
        "decode, CPU": spread([one.cpu for one in spent["decode"]]),
        "forward, CPU": spread([one.cpu for one in spent[fastest]]),
        "survey, wall": spread([one.wall for one in took]), "survey, CPU": spread([one.cpu for one in took]),
        "wall over least": spread([one.wall * cores() / all_ for one, all_ in zip(took, least, strict=True)]),
        "forward on all cores, wall": spread([one.wall for one in spent[together]]),
        "wall over what the machine gave": spread([one.wall / all_ for one, all_ in zip(took, given, strict=True)]),
        "CPU over least": spread([one.cpu / all_ for one, all_ in zip(took, least, strict=True)]),
        "cores used": spread([one.cpu / one.wall for one in took]),
    }  # fmt: skip


if __name__ == "__main__":
    main()
