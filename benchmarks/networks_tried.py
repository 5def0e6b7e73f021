"""Every network tried: what happens when convscope opens it, unmodified, and looks into its deepest map.

    python benchmarks/networks_tried.py [--json FILE] [--only NAME ...]

All of torchvision's classifiers, and of every convolutional family in timm the two smallest of each kind; random
weights. A family runs in a process of its own, so that a crash or a time-out costs its rows and no more. Rows that
the file already has are kept: delete it, or name some with --only, to try them again.
"""

import argparse
import json
import platform
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from convscope.model.model import Model
from convscope.model.projection import project
from convscope.model.validity import judge
from convscope.plain.files import write_text
from convscope.plain.fit import Fit

RESULT = Path(__file__).with_suffix(".json")
SIDES = (96, 128, 160, 192, 224, 256, 288, 331)
EACH = 2  # networks of one kind
TIME_OUT = 240  # seconds a network
# families that mix positions by attention or dense layers from the start: other tools look into them
NOT_CONVOLUTIONAL = {
    "beit", "cait", "coat", "convit", "crossvit", "davit", "deepseek_vit", "deit", "efficientformer",
    "efficientformer_v2", "efficientvit_msra", "eva", "gcvit", "gemma4_vit", "hiera", "hieradet_sam2", "levit",
    "maxxvit", "mlp_mixer", "mvitv2", "naflexvit", "nest", "nextvit", "pit", "pvt_v2", "qwen3_vit", "sequencer",
    "swin_transformer", "swin_transformer_v2", "swin_transformer_v2_cr", "tiny_vit", "tnt", "twins", "visformer",
    "vision_transformer", "vision_transformer_hybrid", "vision_transformer_relpos", "vision_transformer_sam",
    "vitamin", "volo", "xcit", "efficientvim",
}  # fmt: skip
TRANSFORMERS = ("vit_", "swin_", "maxvit")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=RESULT)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--worker", nargs="*")
    asked = parser.parse_args()
    if asked.worker:
        for name in asked.worker:
            print(json.dumps(try_network(name)), flush=True)
    else:
        campaign(asked.json, set(asked.only))


def campaign(file: Path, only: set[str]) -> None:
    """Try what is not in ``file`` yet, one process a family, and write after each."""
    known = json.loads(file.read_text()) if file.exists() else {"families": {}, "rows": []}
    rows = {row["name"]: row for row in known["rows"]}
    families = known["families"]
    for family, choose in sources().items():
        if family not in families:
            families[family] = choose()
        names = [name for name in families[family] if name in only or (not only and name not in rows)]
        if names:
            rows |= {row["name"]: row | {"family": family} for row in in_own_process(names)}
            whole = {"about": about(), "families": families, "rows": list(rows.values())}
            write_text(file, json.dumps(whole, indent=1) + "\n")


def about() -> dict[str, Any]:
    return {
        "script": "benchmarks/networks_tried.py",
        "machine": f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} thread",
        "versions": {
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "timm": timm.__version__,
        },
    }


def in_own_process(names: list[str]) -> Iterator[dict[str, Any]]:
    """A row for each name, also where the process died or took too long."""
    command = [sys.executable, __file__, "--worker", *names]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_OUT * len(names))
        printed, died = done.stdout, f"the process ended with {done.returncode}: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired as late:
        printed, died = (late.stdout or b"").decode(), f"no answer in {TIME_OUT} seconds"
    rows = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    yield from rows
    for name in names[len(rows) :]:
        print(f"{name}: {died}", file=sys.stderr)
        yield {"name": name, "opens": False, "error": died}


def sources() -> dict[str, Callable[[], list[str]]]:
    """For every family how to choose its networks."""
    named = torchvision.models.list_models(module=torchvision.models)
    kinds = dict.fromkeys(kind(name) for name in named)
    families: dict[str, Callable[[], list[str]]] = {
        f"torchvision {each}": partial(
            lambda own: [f"torchvision/{n}" for n in named if kind(n) == own], each
        )
        for each in kinds
    }
    modules = sorted(set(timm.list_modules()) - NOT_CONVOLUTIONAL)
    return families | {f"timm {module}": partial(smallest_of, module) for module in modules}


def smallest_of(module: str) -> list[str]:
    """The smallest networks of every kind in a module of timm."""
    kinds: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in timm.list_models(module=module):
        kinds[kind(name)].append((size_of(name), name))
    return [f"timm/{name}" for sized in kinds.values() for _, name in sorted(sized)[:EACH]]


def kind(name: str) -> str:
    """The letters a name begins with: ``tf_efficientnet_b0`` is a ``tf_efficientnet``."""
    found = re.match(r"(tf_|legacy_|gluon_|test_)?[a-z]+", name)
    return found.group() if found else name


def size_of(name: str) -> int:
    """Parameters, without making them."""
    try:
        with torch.device("meta"):
            return sum(p.numel() for p in timm.create_model(name, pretrained=False).parameters())
    except (RuntimeError, ValueError, NotImplementedError, TypeError):  # it computes with its weights
        return sum(p.numel() for p in timm.create_model(name, pretrained=False).parameters())


def build(name: str) -> tuple[nn.Module, int, int]:
    """The network with random weights, in training mode; its channels and usual side."""
    torch.manual_seed(0)
    source, short = name.split("/")
    if source == "timm":
        module = timm.create_model(short, pretrained=False)
        channels, side, _ = module.default_cfg.get("input_size", (3, 224, 224))
        return module.train(), channels, side
    extra = {"init_weights": False} if short in ("googlenet", "inception_v3") else {}
    return torchvision.models.get_model(short, weights=None, **extra).train(), 3, 224


def try_network(name: str) -> dict[str, Any]:
    torch.set_num_threads(1)
    row: dict[str, Any] = {"name": name, "opens": False}
    try:
        module, channels, usual = build(name)
        row["parameters"] = sum(p.numel() for p in module.parameters())
        side = smallest_side(module, channels, usual)
        row["side"] = side
        row |= look_into(module, channels, side)
    except Exception as error:  # whatever it is, it is this row's result
        row["error"] = f"{type(error).__name__}: {error}"[:400]
    return row


def smallest_side(module: nn.Module, channels: int, usual: int) -> int:
    """The smallest picture that the network takes, so that many networks can be tried; at least 96."""
    for side in sorted({side for side in SIDES if side < usual} | {usual}):
        try:
            forward(module, torch.zeros(1, channels, side, side))
            return side
        except Exception:  # too small for this one
            continue
    return usual


def forward(module: nn.Module, batch: Tensor) -> Tensor:
    flags = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            return module(batch)
    finally:
        for part, training in flags:
            part.training = training


def look_into(module: nn.Module, channels: int, side: int) -> dict[str, Any]:
    before = state(module)
    outputs: list[Any] = []
    users_own = module.register_forward_hook(lambda *_: outputs.append(_[-1].clone()))
    forward(module, torch.zeros(1, channels, side, side))
    start = time.process_time()
    model = Model(
        module, fit=Fit(side, side, channels=channels), mean=(0.0,) * channels, std=(1.0,) * channels
    )
    layers, record = model.layers, model.record
    seconds = time.process_time() - start
    users_own.remove()
    names = [call.name for call in record.calls]
    row = {
        "opens": True,
        "layers": len(layers),
        "same output": outputs[0].numpy().tobytes() == outputs[1].numpy().tobytes(),
        "rectifiers": record.rectifiers,
        "witnessed": record.witnessed,
        "exact": sum(layer.field.exact for layer in layers.values()),
        "unique names": len(set(names)) == len(names) and not collisions(module, model),
        "without a rule": sorted({layer.operation for layer in layers.values() if not layer.field.exact})[:8],
        "seconds": round(seconds, 3),
    }
    row |= deconvnet(model, channels, side)
    row["left behind"] = [what for what, now in state(module).items() if now != before[what]]
    return row


def collisions(module: nn.Module, model: Model) -> list[str]:
    """Functional calls that bear the name of a module that did not make them."""
    paths = {path for path, _ in module.named_modules()}
    return [c.name for c in model.record.calls if c.name in paths and c.module != c.name]


def deconvnet(model: Model, channels: int, side: int) -> dict[str, Any]:
    """The label of the deconvnet's map of the deepest feature map that a survey looks at."""
    maps = [name for name in model.surveyed if len(model.layers[name].shape) == 3]
    if not maps:
        return {"deconvnet": "refused", "because": "no layer yields a map"}
    layer = model.layers[maps[-1]]
    batch = torch.rand(1, channels, side, side, generator=torch.Generator().manual_seed(0))
    seen = project(model, batch, layer.name, torch.tensor([0]))
    validity = judge(model, layer, seen.descent, "deconvnet")
    return {"deepest map": layer.name, "deconvnet": validity.label, "because": validity.sentence}


def state(module: nn.Module) -> dict[str, Any]:
    """What must be the same afterwards."""
    return {
        "weights": [hash(t.detach().numpy().tobytes()) for t in module.state_dict().values()],
        "modes": [part.training for part in module.modules()],
        "gradients": [p.grad is None and p.requires_grad for p in module.parameters()],
        "hooks": [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules()],
        "global hooks": len(torch_module._global_forward_hooks) + len(torch_module._global_forward_pre_hooks),
    }


if __name__ == "__main__":
    main()
