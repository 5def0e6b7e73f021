"""Every network tried: what happens when convscope opens it, unmodified, and looks into its deepest map.

    python benchmarks/networks_tried.py [--json FILE] [--only NAME ...]
    python benchmarks/networks_tried.py --page docs/networks-tried.md

All of torchvision's classifiers, and of every convolutional family in timm the first two of each kind; random
weights. A family runs in a process of its own, so that a crash or a time-out costs its rows and no more. Rows that
the file already has are kept: delete it, or name some with --only, to try them again.
"""

import argparse
import json
import multiprocessing
import platform
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import timm
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.modules import module as torch_module

from convscope.model.geometry import regions
from convscope.model.model import Model
from convscope.model.projection import project
from convscope.model.tape import Record
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
    parser.add_argument("--each", type=int, default=EACH)
    parser.add_argument("--page", type=Path, help="write the rows as a page instead")
    asked = parser.parse_args()
    if asked.page:
        write_text(asked.page, page(json.loads(asked.json.read_text())))
        return
    torch.set_num_threads(1)
    campaign(asked.json, set(asked.only), asked.each)


def campaign(file: Path, only: set[str], each: int) -> None:
    """Try what is not in ``file`` yet, one process a family, and write after each."""
    rows = {row["name"]: row for row in json.loads(file.read_text())["rows"]} if file.exists() else {}
    for family, known in families(each).items():
        names = [name for name in known if name in only or (not only and name not in rows)]
        if names:
            rows |= {row["name"]: row | {"family": family} for row in in_own_process(names)}
            write_text(file, json.dumps({"about": about(), "rows": list(rows.values())}, indent=1) + "\n")


PAGE = """# Networks tried

Every one was opened unmodified, with random weights, and recorded once: {names}.
Made by `benchmarks/networks_tried.py` ({versions});
the rows with all their numbers are in `benchmarks/networks_tried.json`.
Vision transformers of torchvision are listed for what happens: they open and are recorded, but nearly every
receptive field is an upper bound, the whole image. Those of timm are out of scope.

- {opened} of {tried} open, and {same} of them give bit for bit the output that they give without the tape.
- {seen}: the tape recorded as many rectifiers as the witness below it counted.
- {unique}: no two calls share a name, and no function bears a module's.
- {clean}: nothing was left behind: weights, modes, gradients, hooks.
- {exact}: the receptive field of every layer is exact. Elsewhere it is exact down to the operation named, from
  which on it is an upper bound and says so: attention and its reshapes mix the whole image anyway.
- {refused} have no deconvnet map of their deepest feature map, or only a partial one; the last column says why.

*Layers* counts calls that yield a map or a vector; *exact* those whose receptive field is exact. *Deconvnet* is the
gravest [label](how-the-house-is-built.md) of a map of the deepest feature map that a survey looks at. *Seconds* are
those of one recorded forward pass and of all receptive fields, on one busy core.

"""
HEAD = "| network | million weights | side | layers | exact | upper bound from | rectifiers | deconvnet | seconds |"


def page(whole: dict[str, Any]) -> str:
    """The rows as a Markdown page."""
    rows = sorted(
        whole["rows"], key=lambda row: (row["family"].startswith("timm"), row["family"], row["name"])
    )
    opened = [row for row in rows if row["opens"]]
    text = PAGE.format(
        names=", ".join(
            f"{sum(row['name'].startswith(s) for row in rows)} of {s}" for s in ("torchvision", "timm")
        ),
        versions=", ".join(f"{name} {number}" for name, number in whole["about"]["versions"].items()),
        tried=len(rows),
        opened=len(opened),
        same=share(opened, lambda row: row["same output"], bare=True),
        seen=share(opened, lambda row: row["rectifiers"] == row["witnessed"]),
        unique=share(opened, lambda row: row["unique names"]),
        clean=share(opened, lambda row: not row["left behind"]),
        exact=share(opened, lambda row: row["exact"] == row["layers"]),
        refused=share(opened, lambda row: row["deconvnet"] in ("refused", "partial"), bare=True),
    )
    for family in dict.fromkeys(row["family"] for row in rows):
        own = [row for row in rows if row["family"] == family]
        text += f"## {family}\n\n{HEAD}\n{'|---' * 9}|\n" + "\n".join(map(line, own)) + "\n\n"
    return text.rstrip() + "\n"


def share(rows: list[dict[str, Any]], holds: Callable[[dict[str, Any]], bool], *, bare: bool = False) -> str:
    count = sum(map(holds, rows))
    return str(count) if bare else f"{count} of {len(rows)}"


def line(row: dict[str, Any]) -> str:
    name = row["name"].partition("/")[2]
    size = f"{row['parameters'] / 1e6:.1f}" if "parameters" in row else ""
    if not row["opens"]:
        return f"| {name} | {size} | {row.get('side', '')} | did not open: {row['error']} | | | | | |"
    rectifiers = str(row["rectifiers"])
    if row["rectifiers"] != row["witnessed"]:
        rectifiers += f" of {row['witnessed']}"
    label = row["deconvnet"]
    if label in ("refused", "partial"):
        label += f": {row['because'].partition('; ')[2] or row['because']}"
    bound = ", ".join(row["upper bound from"])
    cells = (
        name,
        size,
        row["side"],
        row["layers"],
        row["exact"],
        bound,
        rectifiers,
        label,
        f"{row['seconds']:.2f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


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
    fork = multiprocessing.get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    worker = fork.Process(target=lambda: [sender.send(try_network(name)) for name in names])
    worker.start()
    sender.close()
    for place, name in enumerate(names):
        try:
            late = not receiver.poll(TIME_OUT)
            row = None if late else receiver.recv()
        except EOFError:
            late, row = False, None
        if row is None:
            worker.kill()
            worker.join()
            error = f"no answer in {TIME_OUT} s" if late else f"the process ended with {worker.exitcode}"
            yield {"name": name, "opens": False, "error": error}
            if names[place + 1 :]:
                yield from in_own_process(names[place + 1 :])
            return
        yield row
    worker.join()


def families(each: int) -> dict[str, list[str]]:
    """Names by family: all of torchvision's classifiers, and the first of every kind in timm."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in sorted(set(timm.list_modules()) - NOT_CONVOLUTIONAL):
        kinds: dict[str, list[str]] = defaultdict(list)
        for name in sorted(timm.list_models(module=module), key=natural):
            kinds[kind(name)].append(name)
        found[f"timm {module}"] = [f"timm/{name}" for names in kinds.values() for name in names[:each]]
    for name in torchvision.models.list_models(module=torchvision.models):
        found[f"torchvision {kind(name)}"].append(f"torchvision/{name}")
    return found


def natural(name: str) -> list[Any]:
    """Numbers as numbers, so that the smaller networks of a kind come first."""
    sizes = (
        "pico",
        "atto",
        "femto",
        "nano",
        "tiny",
        "mini",
        "small",
        "medium",
        "base",
        "large",
        "huge",
        "xlarge",
    )
    rank = next((place for place, size in enumerate(sizes) if size in name), len(sizes) // 2)
    return [rank, *(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))]


def kind(name: str) -> str:
    """The letters a name begins with: ``tf_efficientnet_b0`` is a ``tf_efficientnet``."""
    found = re.match(r"(tf_|legacy_|gluon_|test_)?[a-z]+", name)
    return found.group() if found else name


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
        "upper bound from": inexact_from(record),
        "seconds": round(seconds, 3),
    }
    row |= deconvnet(model, channels, side)
    row["left behind"] = [what for what, now in state(module).items() if now != before[what]]
    return row


def inexact_from(record: Record) -> list[str]:
    """The operations at which receptive fields stop being exact."""
    looks = regions(record)
    lost = [look for look in looks if not looks[look].exact]
    first = [v.call for v in lost if all(looks[i].exact for i in record.calls[v.call].inputs if i in looks)]
    return sorted({record.calls[call].operation for call in first})


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
        "weights": [(t.data_ptr(), t._version) for t in module.state_dict().values()],  # every write counts
        "modes": [part.training for part in module.modules()],
        "gradients": [p.grad is None and p.requires_grad for p in module.parameters()],
        "hooks": [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules()],
        "global hooks": len(torch_module._global_forward_hooks) + len(torch_module._global_forward_pre_hooks),
    }


if __name__ == "__main__":
    main()
