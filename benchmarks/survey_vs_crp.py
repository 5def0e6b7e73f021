"""A survey beside zennit-crp's ``FeatureVisualization``: the strongest images of every channel.

    GOMP_SPINCOUNT=2000 python benchmarks/survey_vs_crp.py [NET ...] [--images N] [--slice N] [--threads N] [--cheapest] [--json FILE]

Needs zennit-crp in the interpreter's environment. One process; with one thread CPU time an image, with more time by
the clock, each side using them as it does; the same images (noise, in memory), layers (all convolutions and linear
ones) and batches of 32. Both go once through all images, a slice of them in turn, so that each slice is a round; what each writes down is timed by itself and in "in all".
zennit-crp runs forward and backward, whatever is asked: with the composite that its documentation uses, with
--cheapest also without one; by maximum; in plain layout, the only one that it takes. Its nine best images of a
channel, their values and places are compared with ours, or the numbers are void. A survey is dearest at its
beginning, where most images enter, and of few images, of which more values are counted: 64 in all are its worst case.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from crp.attribution import CondAttribution  # pyright: ignore[reportMissingImports]
from crp.concepts import ChannelConcept  # pyright: ignore[reportMissingImports]
from crp.visualization import FeatureVisualization  # pyright: ignore[reportMissingImports]
from measuring import about, cpu, ratio, save, spread, wall
from torch import Tensor, nn
from zennit.composites import EpsilonPlusFlat  # pyright: ignore[reportMissingImports]
from zennit.core import Composite  # pyright: ignore[reportMissingImports]

from convscope.images import open_images
from convscope.model.model import Model
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory
from convscope.survey.count import Counts, count_batch, read_ahead
from convscope.survey.job import Job, prepare
from convscope.survey.partial import ALL
from convscope.survey.settings import Survey
from convscope.survey.workers import each, twins

BATCH, K, ASKED, CLASSES = 32, 9, 7.0, 10
NEAR = 1e-5  # of a layer's strongest value: so near the order may differ


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=["alexnet", "resnet18"])
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--slice", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cheapest", action="store_true", help="zennit-crp without a composite, too")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(asked.threads)
    rows = []
    for name in asked.nets:
        rows.append(measured(name, asked))
        print(json.dumps(rows[-1]), flush=True)
        save(asked.json, made(asked), rows)


def made(asked: argparse.Namespace) -> dict[str, Any]:
    return about(
        __file__, ("torch", "torchvision", "zennit", "zennit-crp"), threads=asked.threads, batch=BATCH, unit=f"{'CPU ' * (asked.threads == 1)}milliseconds an image; median [least, most]",
        weights="random", composite="EpsilonPlusFlat",
    )  # fmt: skip


def measured(name: str, asked: argparse.Namespace) -> dict[str, Any]:
    torch.manual_seed(0)
    model = open_model(name)
    images = asked.images - asked.images % asked.slice
    pixels = torch.randn(images, 3, model.fit.height, model.fit.width)
    layers = [path for path, part in model.module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    composites = {"crp": EpsilonPlusFlat()} | ({"crp, no composite": None} if asked.cheapest else {})
    with tempfile.TemporaryDirectory() as folder:
        job = a_survey(model, pixels, layers, Path(folder) / "ours")
        counts = job.no_counts()
        rivals = {side: a_rival(model, pixels, layers, Path(folder) / side) for side in composites}
        sides: dict[str, Callable[[range], None]] = {"survey": partial(count_slice, job, counts)}
        sides |= {side: partial(visualise, rivals[side], composites[side]) for side in composites}
        sides["bare"] = partial(bare, model, pixels)
        bare(model, pixels, range(BATCH))  # warms up
        clock = cpu if asked.threads == 1 else wall
        times, written = in_turn(sides, images, asked.slice, clock), {}
        written["survey"] = clock(lambda: job.partial.save_counts(ALL, counts))
        for side, rival in rivals.items():
            written[side] = clock(partial(write_down, rival, images))
        other = sum(assert_same(counts, rivals[side], model, layer) for side in rivals for layer in layers)
    channels = sum(model.layers[layer].channels for layer in layers)
    in_all = {side: sum(times[side]) + written.get(side, 0.0) for side in sides}
    return {
        "net": name, "asked": ASKED, "images": images, "slice": asked.slice, "layers": len(layers),
        "channels": channels, "winners compared": channels * K * len(rivals),
        "of them in another order, as near as 1e-5": other,
        **{f"{side}, ms": spread([1000 * one / asked.slice for one in spent]) for side, spent in times.items()},
        **{f"{side}, writing down, s": round(spent, 3) for side, spent in written.items()},
        **{f"{side} over survey": ratio(times, side, "survey") for side in rivals},
        **{f"{side} over survey, in all": round(in_all[side] / in_all["survey"], 3) for side in rivals},
        "crp over bare": ratio(times, "crp", "bare"), "survey over bare": ratio(times, "survey", "bare"),
    }  # fmt: skip


def in_turn(
    sides: dict[str, Callable[[range], None]], images: int, step: int, clock: Callable[[Callable], float]
) -> dict[str, list[float]]:
    """Seconds of every side for every slice of the images, in an order that turns round."""
    times: dict[str, list[float]] = {side: [] for side in sides}
    for start in range(0, images, step):
        for side in list(sides) if start // step % 2 else reversed(list(sides)):
            times[side].append(clock(partial(sides[side], range(start, start + step))))
    return times


def a_survey(model: Model, pixels: Tensor, layers: list[str], into: Path) -> Job:
    labels = [row % CLASSES for row in range(len(pixels))]
    images = open_images(pixels, labels=labels, classes=[str(label) for label in range(CLASSES)])
    settings = Survey(k=K, batch=BATCH, layers=",".join(layers), memory_format="channels_last")
    job = prepare(model, images, into, settings)
    _ = job.partial.key  # what is not counting: the network is described
    return job


def count_slice(job: Job, counts: Counts, rows: range) -> None:
    labels = job.pixels.images.labels
    batches = (range(start, min(start + BATCH, rows.stop)) for start in range(rows.start, rows.stop, BATCH))
    models = twins(job.model, BATCH)

    def one(model: Model, item: tuple[np.ndarray, Tensor]) -> None:
        some, batch = item
        count_batch(model, counts, some, batch, labels[some])

    for _ in each(models, read_ahead(job.pixels.batch, batches, len(models)), one):
        pass


def visualise(rival: FeatureVisualization, composite: Composite | None, rows: range) -> None:
    rival._save_results = lambda d_index=None: None  # once, at the end
    rival.run_distributed(composite, rows.start, rows.stop, BATCH)


def write_down(rival: FeatureVisualization, images: int) -> None:
    del rival._save_results
    rival._save_results((0, images))
    rival.collect_results(rival.saved_checkpoints)


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


def bare(model: Model, pixels: Tensor, rows: range) -> None:
    with torch.inference_mode():
        for batch in pixels[rows.start : rows.stop].split(BATCH):
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
