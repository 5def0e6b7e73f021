"""Occlusion of every unit at once: one sweep, beside bare forward passes and beside Captum, unit by unit.

    python benchmarks/occlusion_sweep.py [--json FILE] [--rounds N]

resnet18, all 4,800 channels of its convolutions and its 1,000 classes. One process, one thread, CPU time of a
place, the sides interleaved. The sweep covers the places and reads every channel's maximum, the strongest map's
sum, class probabilities and labels; the bare side is given finished batches. Captum's Occlusion answers one
number a call, so that all units together cost its time of a place as many times as there are units. The sweep's
numbers are compared with a literal loop over places by module hooks first, or the timings are void.
"""

import argparse
import copy
import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captum.attr import Occlusion
from measuring import about, interleaved, ratio, save, spread
from torch import Tensor, nn

from convscope.model.filling import filling
from convscope.model.model import Model
from convscope.model.occlusion import AT_ONCE, Windows, covered
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory
from convscope.studies.occlusion import OcclusionSweep, occlusion_sweep

SIZE = STRIDE = 32  # 49 places of 224 x 224
ASKED = 1.10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = open_model("resnet18")
    pixels = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    row = measured(model, pixels, asked.rounds)
    print(json.dumps(row))
    save(asked.json, made(asked.rounds), [row])


def made(rounds: int) -> dict[str, Any]:
    more = {
        "threads": 1, "rounds": rounds, "size": SIZE, "stride": STRIDE, "places at once": AT_ONCE,
        "unit": "CPU milliseconds a place; median [least, most]", "weights": "random",
    }  # fmt: skip
    return about(__file__, ("torch", "captum"), **more)


def convolutions(model: Model) -> list[str]:
    return [name for name, part in model.module.named_modules() if isinstance(part, nn.Conv2d)]


def measured(model: Model, image: np.ndarray, rounds: int) -> dict[str, Any]:
    layers = convolutions(model)
    pixels = model.preprocess(image)
    cover = filling(model, pixels, "grey")
    windows = Windows(SIZE, STRIDE, model.fit.height, model.fit.width)
    batches = list(covered(pixels, cover, windows))
    swept = sweep(model, image, layers)
    difference = assert_right(model, swept, batches)
    last = copy.deepcopy(model.module).eval().to(memory_format=torch.channels_last)
    turned = [batch.contiguous(memory_format=torch.channels_last) for batch in batches]
    rival = copy.deepcopy(model.module).eval()
    sides: dict[str, Callable[[], object]] = {
        "plain": lambda: bare(model.module.eval(), batches),
        "sweep": lambda: sweep(model, image, layers),
        "channels_last": lambda: bare(last, turned),
        "captum, one unit": lambda: by_captum(rival, pixels, cover),
    }
    times = interleaved(sides, rounds, len(windows.places))
    fastest = min(("plain", "channels_last"), key=lambda side: statistics.median(times[side]))
    units = sum(model.layers[name].channels for name in layers) + model.layers[model.output].channels
    return {
        "net": "resnet18", "units": units, "places": len(windows.places), "asked": ASKED, "fastest bare": fastest,
        "difference": difference,
        **{side: spread(values) for side, values in times.items()},
        "sweep / fastest bare": ratio(times, "sweep", fastest),
        "sweep / plain bare": ratio(times, "sweep", "plain"),
        "captum, all units / sweep": spread([
            units * theirs / ours for theirs, ours in zip(times["captum, one unit"], times["sweep"], strict=True)
        ]),
    }  # fmt: skip


def sweep(model: Model, image: np.ndarray, layers: list[str]) -> OcclusionSweep:
    return occlusion_sweep(model, image, layers, size=SIZE, stride=STRIDE)


def bare(module: nn.Module, batches: list[Tensor]) -> None:
    with torch.inference_mode():
        for batch in batches:
            module(batch)


def by_captum(module: nn.Module, pixels: Tensor, cover: Tensor) -> Tensor:
    """The map of one class, in as large batches as ours."""
    window, step = (3, SIZE, SIZE), (3, STRIDE, STRIDE)
    with torch.inference_mode():
        found = Occlusion(module).attribute(
            pixels[None], window, step, cover[None], target=0, perturbations_per_eval=AT_ONCE
        )
    assert isinstance(found, Tensor)
    return found


def assert_right(model: Model, swept: OcclusionSweep, batches: list[Tensor]) -> float:
    """Maxima and probabilities against module hooks over the same batches, to 1e-6 of the largest."""
    layers = convolutions(model)
    found: dict[str, list[Tensor]] = {name: [] for name in layers}
    handles = [
        model.module.get_submodule(name).register_forward_hook(
            lambda _, __, output, name=name: found[name].append(output.amax((2, 3)))
        )
        for name in layers
    ]
    with torch.inference_mode():
        scores = torch.cat([model.module.eval()(batch) for batch in batches])
    for handle in handles:
        handle.remove()
    pairs = [(swept.maxima[name], torch.cat(found[name])) for name in layers]
    pairs.append((swept.probability, scores.softmax(1)))
    worst = max(
        float(np.abs(ours.reshape(theirs.shape) - theirs.numpy()).max() / theirs.abs().max())
        for ours, theirs in pairs
    )
    assert worst < 1e-6, f"the sweep differs by {worst:.1e} from a literal loop"
    assert np.array_equal(swept.label.ravel(), scores.argmax(1).numpy())
    return worst


if __name__ == "__main__":
    main()
