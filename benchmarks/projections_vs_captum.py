"""Projections of an atlas's winners: ours down the cone, and Captum's batched through a callable selector.

    python benchmarks/projections_vs_captum.py [NET ...] [--json FILE] [--pairs N]

The committed rows were made by one call a network, one after the other.

One process, one thread, CPU time, the two sides interleaved. Every pair has an image of its own (noise) and a
position where its channel is strongest; a layer's cost counts as often as it has channels. Every map of the one
side is compared with that of the other, or the numbers are void. A bare forward pass of the whole network, in
the faster of two memory layouts, is the unit of the mean cost. Captum cannot name the first of two calls of a
module: there it starts at the batch norm below, which gives the same map. A layer's cone is proven against
autograd the first time that it is asked for, a few forward passes a layer, in the round that warms up.
"""

import argparse
import copy
import json
import statistics
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from captum.attr import NeuronDeconvolution
from measuring import about, interleaved, save, spread
from torch import Tensor

from convscope.model.measure import measure
from convscope.model.model import Model
from convscope.model.projection import Sent
from convscope.model.winners import project_winners
from convscope.nets.open import open_model
from convscope.plain.machine import keep_freed_memory

SHARES = (0.20, 0.45)  # of the image's edge: a field up to so large
DEEP = 10  # of the layers with larger fields, every tenth is also given to Captum
TOLERANCE = 1e-5
Side = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=["alexnet", "resnet18"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # Captum says of every network that it sets hooks
    rows = []
    for name in asked.nets:
        rows.append(measured(name, asked.rounds, asked.pairs))
        print(json.dumps(rows[-1]["summary"]), flush=True)
        save(asked.json, made(asked), rows)


def made(asked: argparse.Namespace) -> dict[str, Any]:
    unit = "CPU milliseconds a pair; median [least, most]"
    more = {"threads": 1, "unit": unit, "rounds": asked.rounds, "pairs": asked.pairs, "weights": "random"}
    return about(__file__, ("torch", "captum"), **more)


def measured(name: str, rounds: int, pairs: int) -> dict[str, Any]:
    torch.manual_seed(0)
    model = open_model(name)
    batch = torch.randn(pairs, 3, model.fit.height, model.fit.width)
    bare = bare_times(model, batch, rounds)
    layers = [layer_row(model, layer, batch, rounds) for layer in captum_and_ours(model)]
    return {"net": name, "summary": summary(name, bare, layers), "bare": spread(bare), "layers": layers}


def captum_and_ours(model: Model) -> list[tuple[str, bool]]:
    """The layers of an atlas, and whether Captum draws them too."""
    edge, deep, found = model.fit.height, 0, []
    for name in model.surveyed:
        near = model.layers[name].field.size[0] <= SHARES[-1] * edge
        deep += not near
        found.append((name, near or deep % DEEP == 1))
    return found


def bare_times(model: Model, batch: Tensor, rounds: int) -> list[float]:
    """Milliseconds an image of a forward pass in the faster of two layouts."""
    last = copy.deepcopy(model.module).eval().to(memory_format=torch.channels_last)
    turned = batch.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        sides: dict[str, Side] = {
            "plain": lambda: model.module.eval()(batch),
            "last": lambda: last(turned),
        }
        times = interleaved(sides, rounds, len(batch))
    return min(times.values(), key=statistics.median)


def layer_row(model: Model, asked: tuple[str, bool], batch: Tensor, rounds: int) -> dict[str, Any]:
    name, rival = asked
    layer = model.layers[name]
    channels = torch.randperm(layer.channels)[: len(batch)]
    channels = channels.repeat(len(batch))[: len(batch)]  # fewer channels than pairs
    positions = strongest(model, name, batch, channels)
    sides: dict[str, Side] = {"ours": lambda: project_winners(model, batch, name, channels, positions)}
    row: dict[str, Any] = {"layer": name, "channels": layer.channels, "field": layer.field.size[0]}
    row |= {"share": round(layer.field.size[0] / model.fit.height, 3), "map": len(layer.shape) == 3}
    if rival:
        sides["captum"] = captum_side(model, name, batch, channels, positions)
        theirs = sides["captum"]()
        assert isinstance(theirs, Tensor)
        row["difference"] = compare(
            theirs, project_winners(model, batch, name, channels, positions), f"{model.name} {name}"
        )
    times = interleaved(sides, rounds, len(batch))
    row |= {side: spread(values) for side, values in times.items()}
    return row | {"rounds": times}


def strongest(model: Model, name: str, batch: Tensor, channels: Tensor) -> Tensor:
    """Where each pair's channel is strongest in its image, ``[N, 2]``."""

    def place(output: Tensor) -> Tensor:
        if output.dim() == 2:
            return torch.zeros(len(output), 2, dtype=torch.long)
        at = output[torch.arange(len(output)), channels].flatten(1).argmax(1)
        return torch.stack([at // output.shape[3], at % output.shape[3]], 1)

    return measure(model, [batch], {name: place})[name]


def captum_side(model: Model, name: str, batch: Tensor, channels: Tensor, positions: Tensor) -> Side:
    """Another unit in every image of one batch, by a callable selector."""
    module = copy.deepcopy(model.module).eval()
    neuron = NeuronDeconvolution(module, module.get_submodule(captum_name(model, name)))
    rows = torch.arange(len(batch))

    def select(output: Tensor) -> Tensor:
        return (
            output[rows, channels]
            if output.dim() == 2
            else output[rows, channels, positions[:, 0], positions[:, 1]]
        )

    return lambda: neuron.attribute(batch.clone().requires_grad_(True), neuron_selector=select)


def captum_name(model: Model, name: str) -> str:
    """A module whose last call starts the same map: a block for its last rectifier, a norm for its first."""
    path, _, call = name.partition("#")
    if f"{path}#2" not in model.layers:
        return path.removesuffix(".add")
    block = path.rpartition(".")[0]
    return block if call else f"{block}.bn1"


def compare(whole: Tensor, crops: Sent, where: str) -> float:
    """The largest difference of a pair's maps as a share of its largest value."""
    worst = 0.0
    for expected, crop, (top, left) in zip(whole.detach(), crops.signal, crops.corners.tolist(), strict=True):
        placed = torch.zeros_like(expected)
        y, x = max(top, 0), max(left, 0)
        target = placed[:, y : top + crop.shape[1], x : left + crop.shape[2]]
        target.copy_(crop[:, y - top : y - top + target.shape[1], x - left : x - left + target.shape[2]])
        worst = max(worst, float((placed - expected).abs().max() / expected.abs().max().clamp(min=1e-12)))
    if worst > TOLERANCE:
        raise SystemExit(f"{where}: the two sides differ by {worst:.1e}; the numbers are void")
    return worst


def summary(name: str, bare: list[float], layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Totals over the winners of the layers that see little, and the mean over all winners in forwards."""
    found: dict[str, Any] = {"net": name, "bare ms": spread(bare)}
    for share in SHARES:
        some = [row for row in layers if row["share"] <= share]
        ratios = [a / b for a, b in zip(totals(some, "captum"), totals(some, "ours"), strict=True)]
        found[f"captum / ours, fields to {share:.0%}"] = {"layers": len(some), "ratio": spread(ratios)}
    for words, some in {
        "maps": [row for row in layers if row["map"]],
        "all layers": layers,
    }.items():
        channels = sum(row["channels"] for row in some)
        forwards = [total / channels / ms for total, ms in zip(totals(some, "ours"), bare, strict=True)]
        found[f"ours in forwards, {words}"] = {"channels": channels, "mean": spread(forwards)}
    drawn = [row["captum"][0] / statistics.median(bare) for row in layers if "captum" in row]
    found["captum in forwards, a layer"] = [round(min(drawn), 2), round(max(drawn), 2)]
    return found


def totals(layers: list[dict[str, Any]], side: str) -> list[float]:
    """Of every round, what one winner of every channel costs together."""
    return [sum(parts) for parts in zip(*weighted(layers, side), strict=True)]


def weighted(layers: list[dict[str, Any]], side: str) -> list[list[float]]:
    return [[row["channels"] * ms for ms in row["rounds"][side]] for row in layers]


if __name__ == "__main__":
    main()
