"""Receptive fields of whole networks against the probe with NaN: every row and column of every exact map.

    python benchmarks/fields_probed.py [--json FILE] [--only NAME ...]

One row of pixels (then one column) at a time is made NaN, the network runs, and where NaN arrives is compared with
what the record says, borders included. Rows that the file already has are kept.
"""

import argparse
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
import torchvision
from torch import nn

from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.plain.files import write_text
from convscope.plain.fit import Fit

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "oracles"))
from nan_probe import poisoned  # pyright: ignore[reportMissingImports]

RESULT = Path(__file__).with_suffix(".json")
SIDES = ((48, 40), (64, 96), (96, 88), (128, 160))  # the first that the network takes
NETS = (
    "torchvision/alexnet", "torchvision/vgg11", "torchvision/squeezenet1_1", "torchvision/resnet18",
    "torchvision/resnet50", "torchvision/resnext50_32x4d", "torchvision/wide_resnet50_2", "torchvision/googlenet",
    "torchvision/shufflenet_v2_x0_5", "torchvision/mobilenet_v2", "torchvision/mobilenet_v3_small",
    "torchvision/mnasnet0_5", "torchvision/regnet_x_400mf", "torchvision/efficientnet_b0",
    "torchvision/convnext_tiny", "torchvision/densenet121", "torchvision/inception_v3",
    "timm/dla34", "timm/hrnet_w18_small", "timm/res2net50_14w_8s", "timm/selecsls42", "timm/cspresnet50",
    "timm/darknet53", "timm/ese_vovnet19b_dw", "timm/ghostnet_100", "timm/repvgg_a0", "timm/rexnet_100",
    "timm/nf_resnet50", "timm/resnest14d", "timm/skresnet18", "timm/hardcorenas_a",
    "timm/mixnet_s", "timm/fbnetc_100", "timm/lcnet_050", "timm/xception41", "timm/dpn48b", "timm/gernet_m",
    "timm/starnet_s1", "timm/mobileone_s0", "timm/resnetv2_50", "timm/hgnetv2_b0", "timm/seresnet18",
    "timm/inception_next_tiny", "timm/ecaresnet26t", "timm/inception_v4", "timm/inception_resnet_v2",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=RESULT)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows = json.loads(asked.json.read_text())["rows"] if asked.json.exists() else []
    for name in asked.only or NETS:
        if asked.only or name not in {row["name"] for row in rows}:
            rows = [row for row in rows if row["name"] != name] + [probe(name)]
            print(rows[-1], flush=True)
            write_text(asked.json, json.dumps({"about": about(), "rows": rows}, indent=1) + "\n")


def about() -> dict[str, Any]:
    packages = {"torch": torch, "torchvision": torchvision, "timm": timm, "numpy": np}
    return {
        "script": "benchmarks/fields_probed.py",
        "machine": f"{platform.processor() or platform.machine()}, 1 thread",
        "versions": {name: package.__version__ for name, package in packages.items()},
    }


def probe(name: str) -> dict[str, Any]:
    """How many maps of a network see at every row and column exactly what the probe says."""
    start = time.process_time()
    model = opened(name)
    maps = [layer for layer in model.layers.values() if len(layer.shape) == 3]
    exact = [layer for layer in maps if layer.field.exact]
    reached = [poisoned(model, [layer.name for layer in exact], axis) for axis in (0, 1)]
    wrong = [layer.name for layer in exact if not agrees(layer, reached)]
    return {
        "name": name,
        "height": model.fit.height,
        "width": model.fit.width,
        "maps": len(maps),
        "exact": len(exact),
        "equal": len(exact) - len(wrong),
        "positions": sum(layer.height + layer.width for layer in exact),
        "wrong": wrong[:5],
        "seconds": round(time.process_time() - start, 1),
    }


def opened(name: str) -> Model:
    torch.manual_seed(0)
    source, short = name.split("/")
    extra = {"init_weights": False} if short in ("googlenet", "inception_v3") else {}
    if source == "timm":
        module = timm.create_model(short, pretrained=False)
    else:
        module = torchvision.models.get_model(short, weights=None, **extra)
    for height, width in SIDES:
        if takes(module.eval(), height, width):
            return Model(module, fit=Fit(height, width), mean=(0.0,) * 3, std=(1.0,) * 3)
    raise SystemExit(f"{name} takes none of {SIDES}")


def takes(module: nn.Module, height: int, width: int) -> bool:
    try:
        with torch.no_grad():
            module(torch.zeros(1, 3, height, width))
    except RuntimeError:
        return False
    return True


def agrees(layer: Layer, reached: list[dict[str, np.ndarray]]) -> bool:
    fields = (layer.field.rows, layer.field.columns)
    return all(
        np.array_equal(spans(found[layer.name]), np.broadcast_to(said, (len(found[layer.name]), 2)))
        for found, said in zip(reached, fields, strict=True)
    )


def spans(reached: np.ndarray) -> np.ndarray:
    """First and one past the last pixel that reaches each position; (0, 0) where none does."""
    first, last = reached.argmax(1), reached.shape[1] - reached[:, ::-1].argmax(1)
    return np.where(reached.any(1)[:, None], np.stack([first, last], 1), 0)


if __name__ == "__main__":
    main()
