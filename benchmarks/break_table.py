"""The break table: where a network is written another way, who still draws the map whose name it gives.

    python benchmarks/break_table.py [--json FILE] [--page docs/break-table.md]

Needs captum, zennit and grad-cam beside convscope. Every row is one network and one class score or hidden unit;
what is right comes from the same network with its rectifiers replaced by the textbook's line. Nothing is timed.
"""

import argparse
import contextlib
import copy
import json
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
import torchvision
from break_networks import RECTIFIERS, WINDOWS, Rule, Small, Writing, literal
from break_page import NOT_OFFERED, TOOLS, page
from break_tools import CLASS, DRAW, HIDDEN, TOLERANCE, distance, image, opened
from captum.attr import (
    GuidedBackprop,
    LayerActivation,
)
from pytorch_grad_cam.activations_and_gradients import ActivationsAndGradients
from pytorch_grad_cam.guided_backprop import GuidedBackpropReLUModel
from torch import Tensor, nn
from torch.nn import functional
from zennit.composites import GuidedBackprop as ZennitGuided

import convscope as cs
from convscope.errors import ConvscopeError
from convscope.model.crop import plan_crop
from convscope.model.projection import project
from convscope.plain.files import write_text

RULES = ("deconvnet", "guided")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = [*rectifier_rows(), googlenet_row(), *hidden_rows(), *value_rows(), batch_row(), *left_rows()]
    for row in rows:
        print(row["row"], {tool: row[tool] for tool in TOOLS}, flush=True)
    packages = ("torch", "torchvision", "captum", "zennit", "grad-cam")
    about = {"versions": {name: version(name) for name in packages}, "date": time.strftime("%Y-%m-%d")}
    if asked.json:
        write_text(asked.json, json.dumps({"about": about, "rows": rows}, indent=1) + "\n")
    if asked.page:
        write_text(asked.page, page(about, rows))


def rectifier_rows() -> Iterator[dict[str, Any]]:
    for name, writing in RECTIFIERS.items():
        yield {"part": "rectifiers", "row": name} | verdicts(Small(writing), image())


def verdicts(
    module: nn.Module, pixels: Tensor, literal_map: Callable[[str], Tensor] | None = None
) -> dict[str, str]:
    """What each tool's two maps of a class score are worth."""
    plain = gradient(module, pixels)
    found = {}
    for tool, draw in DRAW.items():
        each = {}
        for rule in RULES:
            right = literal_map(rule) if literal_map else of_textbook(module, rule, pixels)
            assert distance(plain, right) > 0.1, "this network could not tell a right map from a wrong one"
            each[rule] = judged(lambda: draw(copy.deepcopy(module), pixels.clone(), rule), right, plain)  # noqa: B023
        found[tool] = together(each)
    return found


def of_textbook(module: nn.Module, rule: str, pixels: Tensor) -> Tensor:
    assert isinstance(module, Small)
    return gradient(literal(module, rule)[0], pixels)


def gradient(module: nn.Module, pixels: Tensor) -> Tensor:
    entry = pixels[None].clone().requires_grad_(True)
    return torch.autograd.grad(module(entry)[0, CLASS], entry)[0][0]


def judged(draw: Callable[[], tuple[Tensor, str]], right: Tensor, plain: Tensor) -> str:
    """Right, refused, what the label says, or what it silently is."""
    try:
        with warnings.catch_warnings(action="ignore"):
            found, label = draw()
    except NotImplementedError:
        return NOT_OFFERED
    except ConvscopeError:
        return "refused"
    except Exception as error:
        return f"raises {type(error).__name__}"
    if distance(found, right) < TOLERANCE:
        return f"right, labelled {label}" if label == "extended" else "right"
    if label in ("partial", "refused"):
        return f"labelled {label}"
    return f"silently {'the plain gradient' if distance(found, plain) < TOLERANCE else 'something else'}"


def together(each: dict[str, str]) -> str:
    """One phrase where both rules fare alike."""
    offered = {rule: word for rule, word in each.items() if word != NOT_OFFERED}
    words = sorted(set(offered.values()))
    if len(words) > 1:
        return "; ".join(f"{rule}: {word}" for rule, word in offered.items())
    return f"{words[0]}{'' if len(offered) == len(each) else ' (guided only)'}" if words else NOT_OFFERED


def googlenet_row() -> dict[str, Any]:
    """A published network whose 57 rectifiers are all functions."""
    torch.manual_seed(0)
    module = torchvision.models.googlenet(weights=None, init_weights=False).eval()
    pixels = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(7))

    def literal_map(rule: str) -> Tensor:
        with patch.object(
            functional, "relu", lambda x, inplace=False: Rule.apply(x, lambda t: t.clamp(min=0), rule)
        ):
            return gradient(module, pixels)

    return {"part": "rectifiers", "row": "torchvision's GoogLeNet (57 × F.relu)"} | verdicts(
        module, pixels, literal_map
    )


# Hidden units, at a corner of the map, where padding decides.


def hidden_rows() -> Iterator[dict[str, Any]]:
    """A unit of the third rectifier, ours on the whole image and on crops; then one of a call that is not the last."""
    for name, writing in WINDOWS.items():
        model = opened(Small(writing))
        crops = {"convscope on crops": plan_crop(model.record, model.layer("third")) is not None}
        yield {"part": "windows", "row": name} | hidden_verdicts(Small(writing), "third", 2) | crops
    shared = Small(Writing(nn.ReLU, shared=2))
    row = "a unit of the first of two calls of one nn.ReLU"
    yield {"part": "calls", "row": row} | hidden_verdicts(shared, "first", 0)


def hidden_verdicts(module: Small, layer: str, call: int) -> dict[str, str]:
    found: dict[str, dict[str, str]] = {tool: {} for tool in TOOLS}
    for rule in RULES:
        right, plain, place = hidden_right(module, rule, call)
        for tool, draw in HIDDEN.items():
            found[tool][rule] = judged(lambda: draw(module, layer, place, rule, call), right, plain)  # noqa: B023
    return {tool: together(each) for tool, each in found.items()}


def hidden_right(module: Small, rule: str, call: int) -> tuple[Tensor, Tensor, tuple[int, int, int]]:
    """The textbook's map and the plain gradient of the strongest channel at the map's last corner."""
    maps = []
    for way in (rule, "gradient"):
        twin, seen = literal(module, way)
        entry = image()[None].requires_grad_(True)
        twin(entry)
        corner = seen[call][0, :, -1, -1]
        channel = int(corner.argmax())
        maps.append(torch.autograd.grad(corner[channel], entry)[0][0])
    return maps[0], maps[1], (channel, seen[call].shape[2] - 1, seen[call].shape[3] - 1)


# What a layer gave out.


def value_rows() -> Iterator[dict[str, Any]]:
    """A layer's values, where the module runs again later or an in-place call overwrites them."""
    shared = Small(Writing(nn.ReLU, shared=2))
    right = shared.first(shared.conv1(image()[None]))[0]
    yield values_row("the values of the first of two calls of one nn.ReLU", shared, "first", right)
    in_place = Small(Writing(lambda: nn.ReLU(inplace=True)))
    right = in_place.conv1(image()[None])[0]
    yield values_row("the values of a convolution that an in-place nn.ReLU follows", in_place, "conv1", right)


def values_row(name: str, module: Small, layer: str, right: Tensor) -> dict[str, Any]:
    def by_convscope(twin: Small) -> Tensor:
        model = opened(twin)
        grids = [cs.ActivationMap().grid(model, cs.Unit(layer, c), image()) for c in range(len(right))]
        return torch.stack([torch.from_numpy(grid) for grid in grids])

    def by_captum(twin: Small) -> Tensor:
        values = LayerActivation(twin, twin.get_submodule(layer)).attribute(image()[None])
        assert isinstance(values, Tensor)
        return values[0]

    def by_grad_cam(twin: Small) -> Tensor:
        kept = ActivationsAndGradients(twin, [twin.get_submodule(layer)], None)
        kept(image()[None])
        return kept.activations[0][0]

    def none(twin: Small) -> Tensor:
        raise NotImplementedError

    tools = dict(zip(TOOLS, (by_convscope, by_captum, none, by_grad_cam), strict=True))
    elsewhere = torch.full_like(right, torch.inf)
    found = {
        tool: judged(lambda: (read(copy.deepcopy(module)).reshape(right.shape), ""), right, elsewhere)  # noqa: B023
        for tool, read in tools.items()
    }
    return {"part": "calls", "row": name} | found


def batch_row() -> dict[str, Any]:
    """Three images in one call."""
    module, images = Small(Writing(nn.ReLU)), torch.stack([image(), image().flip(1), image().flip(2)])
    right = torch.stack([of_textbook(module, "guided", pixels) for pixels in images])
    plain = torch.stack([gradient(module, pixels) for pixels in images])

    def by_convscope() -> Tensor:
        model = opened(module)
        return project(model, images, model.output, torch.full((3,), CLASS), None, "guided").signal

    def by_zennit() -> Tensor:
        entry = images.clone().requires_grad_(True)
        with ZennitGuided().context(module) as hooked:
            return torch.autograd.grad(hooked(entry)[:, CLASS].sum(), entry)[0]

    found = {
        "convscope": judged(lambda: (by_convscope(), ""), right, plain),
        "Captum": judged(
            lambda: (GuidedBackprop(module).attribute(images.clone().requires_grad_(True), target=CLASS), ""),
            right, plain,
        ),
        "zennit": judged(lambda: (by_zennit(), ""), right, plain),
    }  # fmt: skip
    one = GuidedBackpropReLUModel(copy.deepcopy(module))(images.clone(), CLASS)
    found["grad-cam"] = "silently one map of three" if one.ndim == 3 else "right"
    return {"part": "calls", "row": "three images in one call (guided)"} | found


# What is left behind in the user's network.


def left_rows() -> Iterator[dict[str, Any]]:
    yield left_row("after one map", Small(Writing(lambda: nn.ReLU(inplace=True))), image())
    fragile = Small(Writing(lambda: nn.ReLU(inplace=True), pad=raise_at_bright))
    yield left_row("after a forward pass that raised half way", fragile, image() * 1000)
    normed = Writing(
        nn.ReLU, convolution=lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o))
    )
    yield left_row("after one map of a network handed over in training mode", Small(normed).train(), image())


def raise_at_bright(x: Tensor) -> Tensor:
    if x.shape[1] == 8 and x.abs().max() > 50:
        raise ValueError("too bright")
    return x


def left_row(name: str, module: Small, pixels: Tensor) -> dict[str, Any]:
    found = {}
    for tool, draw in DRAW.items():
        twin = copy.deepcopy(module)
        before = state(twin)
        with warnings.catch_warnings(action="ignore"), contextlib.suppress(ValueError):
            draw(twin, pixels.clone(), "guided")
        after = state(twin)
        changed = [part for part in before if before[part] != after[part]]
        found[tool] = f"differs: {', '.join(changed)}" if changed else "nothing differs"
    return {"part": "left behind", "row": name} | found


def state(module: nn.Module) -> dict[str, Any]:
    """All that a tool could leave behind."""
    parts = dict(module.named_modules(remove_duplicate=False))
    numbers = {name: value.tolist() for name, value in module.state_dict().items()}
    weights = {name for name, _ in module.named_parameters()}
    return {
        "modules": {name: (id(part), str(part)) for name, part in parts.items()},
        "hooks": {
            name: [len(getattr(part, kind)) for kind in vars(part) if kind.endswith("_hooks")]
            for name, part in parts.items()
        },
        "modes": {name: part.training for name, part in parts.items()},
        "weights": {name: numbers[name] for name in sorted(weights)},
        "running statistics": {name: numbers[name] for name in sorted(numbers.keys() - weights)},
        "gradients": {name: weight.grad is not None for name, weight in module.named_parameters()},
    }


if __name__ == "__main__":
    main()
