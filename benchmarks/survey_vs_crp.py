"""A survey beside zennit-crp's ``FeatureVisualization.run``: the strongest images of every channel.

    python benchmarks/survey_vs_crp.py [NET ...] [--images N] [--rounds N] [--json FILE]

Needs zennit-crp in the interpreter's environment. One process, one thread, CPU time an image, the sides
interleaved, the same images (noise, in memory), layers (all convolutions and linear ones) and batches of 32. What
a survey keeps on the disk, once in 20 seconds of counting however many images that are, is timed by itself.
zennit-crp runs forward and backward, whatever is asked: with the composite that its documentation uses, and without
one, which is cheapest; by maximum; in plain layout, the only one that it takes. Its nine best images of a channel,
their values and places are compared with ours, or the numbers are void. A survey is at its dearest here, at its
beginning, where most images enter.
"""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from crp.attribution import CondAttribution  # pyright: ignore[reportMissingImports]
from crp.concepts import ChannelConcept  # pyright: ignore[reportMissingImports]
from crp.visualization import FeatureVisualization  # pyright: ignore[reportMissingImports]
from measuring import about, cpu, ratio, save, spread
from torch import Tensor, nn
from zennit.composites import EpsilonPlusFlat  # pyright: ignore[reportMissingImports]

from convscope.images import open_images
from convscope.model.model import Model
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory
from convscope.survey.count import Counts, count_batch, read_ahead, work_units
from convscope.survey.job import Job, prepare
from convscope.survey.partial import ALL
from convscope.survey.settings import Survey

BATCH, K, ASKED, CLASSES = 32, 9, 7.0, 10
NEAR = 1e-5  # of a layer's strongest value: so near the order may differ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=["alexnet", "resnet18"])
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    rows = []
    for name in asked.nets:
        rows.append(measured(name, asked.images, asked.rounds))
        print(json.dumps(rows[-1]), flush=True)
        save(asked.json, made(asked), rows)


def made(asked: argparse.Namespace) -> dict[str, Any]:
    return about(
        __file__, ("torch", "torchvision", "zennit", "zennit-crp"), threads=1, rounds=asked.rounds,
        images=asked.images, batch=BATCH, unit="CPU milliseconds an image; median [least, most]",
        weights="random", composite="EpsilonPlusFlat",
    )  # fmt: skip


def measured(name: str, images: int, rounds: int) -> dict[str, Any]:
    torch.manual_seed(0)
    model = open_model(name)
    pixels = torch.randn(images, 3, model.fit.height, model.fit.width)
    layers = [path for path, part in model.module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    composites = {"crp": EpsilonPlusFlat(), "crp, no composite": None}
    times: dict[str, list[float]] = {side: [] for side in ("survey", *composites, "bare", "keeping")}
    other = 0
    with tempfile.TemporaryDirectory() as folder:
        a_count(a_survey(model, pixels, layers, Path(folder) / "warm"))
        for turn in range(rounds):
            job = a_survey(model, pixels, layers, Path(folder) / f"ours-{turn}")
            counts = a_count(job)
            times["survey"].append(cpu(lambda job=job: a_count(job)))
            times["keeping"].append(cpu(lambda job=job, counts=counts: job.partial.save_counts(ALL, counts)))
            for side, composite in composites.items():
                rival = a_rival(model, pixels, layers, Path(folder) / f"{side}-{turn}")
                run = partial(rival.run, composite, 0, images, batch_size=BATCH)
                times[side].append(cpu(run))
                other += sum(assert_same(counts, rival, model, layer) for layer in layers)
            times["bare"].append(cpu(lambda: bare(model, pixels)))
    channels = sum(model.layers[layer].channels for layer in layers)
    return {
        "net": name, "asked": ASKED, "layers": len(layers), "channels": channels,
        "winners compared": channels * K * rounds * len(composites), "of them in another order, as near as 1e-5": other,
        **{f"{side}, ms": spread([1000 * one / images for one in spent]) for side, spent in times.items()},
        "crp over survey": ratio(times, "crp", "survey"),
        "crp, no composite, over survey": ratio(times, "crp, no composite", "survey"),
        "crp over bare": ratio(times, "crp", "bare"), "survey over bare": ratio(times, "survey", "bare"),
    }  # fmt: skip


def a_survey(model: Model, pixels: Tensor, layers: list[str], into: Path) -> Job:
    labels = [row % CLASSES for row in range(len(pixels))]
    images = open_images(pixels, labels=labels, classes=[str(label) for label in range(CLASSES)])
    settings = Survey(k=K, batch=BATCH, layers=",".join(layers), memory_format="channels_last")
    job = prepare(model, images, into, settings)
    _ = job.partial.key  # what is not counting: the network is described
    return job


def a_count(job: Job) -> Counts:
    counts, labels = job.no_counts(), job.pixels.images.labels
    for rows, batch in read_ahead(job.pixels, work_units(len(labels), BATCH)):
        count_batch(job.model, counts, rows, batch, labels[rows])
    return counts


class Noise(torch.utils.data.Dataset):
    def __init__(self, pixels: Tensor):
        self.pixels = pixels

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self.pixels[row], row % CLASSES


def a_rival(model: Model, pixels: Tensor, layers: list[str], into: Path) -> FeatureVisualization:
    concepts = {layer: ChannelConcept() for layer in layers}
    attribution = CondAttribution(model.module.eval())
    return FeatureVisualization(
        attribution, Noise(pixels), concepts, max_target="max", abs_norm=False, path=str(into)
    )


def bare(model: Model, pixels: Tensor) -> None:
    with torch.inference_mode():
        for batch in pixels.split(BATCH):
            model.module.eval()(batch)


def assert_same(counts: Counts, rival: FeatureVisualization, model: Model, layer: str) -> int:
    """The nine best of theirs are ours, but for values as near as 1e-5; how many are in another order."""
    folder = rival.ActMax.PATH
    rows, places, values = (np.load(folder / f"{layer}_{kind}.npy")[:K].T for kind in ("data", "rf", "rel"))
    winners = counts.tallies[layer].winners
    scale = NEAR * np.abs(winners.value).max()
    assert (np.abs(winners.value - values) <= scale).all(), f"{layer}: other values"
    ours = winners.y * model.layers[layer].width + winners.x
    other = (winners.image != rows) | (ours != places)
    gaps = np.abs(np.diff(winners.value, axis=1)) <= 2 * scale
    near = np.pad(gaps, ((0, 0), (1, 0))) | np.pad(gaps, ((0, 0), (0, 1)), constant_values=True)
    assert not (other & ~near).any(), f"{layer}: other images"
    return int(other.sum())


if __name__ == "__main__":
    main()
