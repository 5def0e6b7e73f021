"""What an atlas says about itself: the network, the images, the layers, and what made it."""

import platform
import time
from dataclasses import asdict
from math import prod
from typing import Any

import torch

from convscope.images.source import Images
from convscope.model.graph import graph
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.plain.names import escape
from convscope.survey.easel import tile_side
from convscope.survey.lens import choose_lens
from convscope.survey.pictures import PENDING
from convscope.survey.ranked import QUANTILES
from convscope.survey.settings import Survey
from convscope.version import __version__

MAPS = "The network gives maps, not class scores: what stands for the score of a class is the largest value of its map."


def describe(
    model: Model, source: Images, images: Images, settings: Survey, layers: list[Layer], chosen: list[int]
) -> dict[str, Any]:
    """The manifest of an atlas of which only the numbers are there; ``source`` is what ``images`` were selected from."""
    return {
        "stage": "numbers",
        "model": _about_model(model),
        "images": {
            "name": images.name, "digest": images.digest, "classes": list(images.classes), "count": len(images),
            "found": len(source), "split": settings.split, "skipped": len(source.problems),
            "notes": list(source.notes),
        },
        "layers": [_about_layer(model, layer, settings) for layer in layers],
        "graph": graph(model).as_dict(),
        "chosen": chosen,
        "survey": asdict(settings) | {"quantiles": list(QUANTILES)},
        "provenance": provenance(model),
    }  # fmt: skip


def _about_model(model: Model) -> dict[str, Any]:
    return {
        "id": model.id, "name": model.name, "net": (model.architecture or {}).get("spec"),
        "classes": list(model.classes), "height": model.fit.height, "width": model.fit.width,
        "channels": model.fit.channels, "fit": model.fit.as_dict(), "mean": list(model.mean), "std": list(model.std),
        "output": model.output, "parameters": model.parameters,
        "notes": [*model.notes, *([MAPS] if prod(model.record.output_shape[2:]) > 1 else [])],
    }  # fmt: skip


def _about_layer(model: Model, layer: Layer, settings: Survey) -> dict[str, Any]:
    field = layer.field
    return {
        "name": layer.name, "folder": escape(layer.name), "operation": layer.operation,
        "shape": [layer.channels, layer.height, layer.width], "chain": list(layer.chain),
        "size": list(field.size), "stride": None if field.stride is None else list(field.stride),
        "start": None if field.start is None else list(field.start), "exact": field.exact,
        "kernel": layer.kernel, "pictures": False, "tile": tile_side(model), "kernels": False,
        "lens": choose_lens(model, layer, settings.lens).as_dict(), "validity": PENDING.as_dict(),
    }  # fmt: skip


def provenance(model: Model) -> dict[str, Any]:
    """Which machine and versions made the numbers; not part of any identity."""
    return {
        "device": str(model.device), "precision": "float32", "threads": torch.get_num_threads(),
        "torch": torch.__version__, "python": platform.python_version(), "machine": platform.machine(),
        "convscope": __version__, "date": time.strftime("%Y-%m-%d"), "seconds": 0.0,
    }  # fmt: skip
