"""The survey: count, look again at the chosen images, draw; an atlas on disk at every stage."""

import platform
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.atlas.write import (
    prepare_folder,
    write_images,
    write_manifest,
    write_numbers,
    write_picture,
)  # fmt: skip
from convscope.images import open_images
from convscope.images.source import Images
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.plain.fit import match_channels
from convscope.plain.machine import keep_freed_memory
from convscope.plain.names import escape
from convscope.plain.render import scale_tile
from convscope.plain.validity import Validity
from convscope.survey.count import Counts, count_all
from convscope.survey.kernels import first_kernels, kernel_sheet
from convscope.survey.loupe import choose, write_loupes
from convscope.survey.pictures import draw_layer, tile_side
from convscope.survey.pixels import Pixels
from convscope.survey.progress import Progress, Report
from convscope.survey.settings import Survey
from convscope.version import __version__

PENDING = Validity("refused", "pictures of this layer have not been made yet.", ("refused",))


def survey(
    model: Model,
    images: Any,
    *,
    into: str | Path,
    settings: Survey | None = None,
    on_progress: Report | None = None,
    **overrides: Any,
) -> Atlas:
    """Survey every channel of ``model`` over ``images`` and write the atlas ``into`` a folder.

    ``overrides`` are fields of ``Survey``. Winners come first; the atlas can be opened while pictures
    are still being drawn. Raises BadImages, BadModel, BadOutput, BadSpec, UnknownName.

    >>> atlas = cs.survey(model, "photos/", into="atlas/")  # doctest: +SKIP
    """
    started = time.time()
    keep_freed_memory()
    settings = replace(settings or Survey(), **overrides)
    root = Path(into)
    source = open_images(images)
    pictures = _selected(source, settings).sorted_by_id()
    layers = [model.layer(name) for name in layer_names(model, settings)]
    prepare_folder(root)
    pixels = Pixels(model, pictures)
    counts = count_all(model, pixels, [layer.name for layer in layers], settings, on_progress)
    chosen = choose(pictures, settings.photos, settings.seed)
    manifest = _manifest(model, source, pictures, settings, layers, chosen)
    numbers = _write_counts(root, model, pixels, counts, layers, chosen, manifest)
    for place, layer in enumerate(layers):
        if on_progress:
            on_progress(Progress("pictures", place, len(layers), "layers", layer.name))
        _draw(root, model, pixels, layer, numbers[layer.name], manifest["layers"][place], settings)
        manifest["stage"] = "pictures" if place + 1 < len(layers) else "complete"
        manifest["provenance"]["seconds"] = round(time.time() - started, 1)
        write_manifest(root, manifest)
    if on_progress:
        on_progress(Progress("pictures", len(layers), len(layers), "layers"))
    return open_atlas(root)


def layer_names(model: Model, settings: Survey) -> list[str]:
    """The layers to survey, in running order; raises UnknownName."""
    asked = [name.strip() for name in settings.layers.split(",") if name.strip()]
    names = {model.layer(name).name for name in asked} or set(model.surveyed)
    return [name for name in model.layers if name in names]


def _selected(images: Images, settings: Survey) -> Images:
    return images if settings.split in ("auto", "all") else images.split(settings.split)


def _write_counts(
    root: Path,
    model: Model,
    pixels: Pixels,
    counts: Counts,
    layers: list[Layer],
    chosen: list[int],
    manifest: dict[str, Any],
) -> dict[str, dict[str, np.ndarray]]:
    """Everything but patches and projections."""
    numbers = {layer.name: counts.tallies[layer.name].numbers() | _geometry(layer) for layer in layers}
    looks_at_pixels = set()
    for layer, entry in zip(layers, manifest["layers"], strict=True):
        empty = np.zeros_like(numbers[layer.name]["value"])
        numbers[layer.name] |= {"scale": empty, "duplicate": empty}
        kernels = first_kernels(model, layer)
        if kernels is not None:
            looks_at_pixels.add(layer.name)
            entry["kernels"] = True
            write_picture(layout.kernels_file(root, layer.name), kernel_sheet(kernels))
        write_numbers(root, layer.name, numbers[layer.name])
    write_loupes(root, model, pixels, chosen, numbers, looks_at_pixels)
    write_images(root, _image_columns(pixels.images, np.concatenate(counts.scores)))
    _write_thumbs(root, pixels)
    write_manifest(root, manifest)
    return numbers


def _geometry(layer: Layer) -> dict[str, np.ndarray]:
    return {"rows": layer.field.rows, "columns": layer.field.columns}


def _draw(
    root: Path,
    model: Model,
    pixels: Pixels,
    layer: Layer,
    numbers: dict[str, np.ndarray],
    entry: dict[str, Any],
    settings: Survey,
) -> None:
    scales, flags, validity = [], [], PENDING
    for _, scale, flag, seen in draw_layer(
        root, model, pixels, layer, numbers, project_them=settings.project
    ):
        scales.append(scale)
        flags.append(flag)
        validity = seen
    write_numbers(
        root, layer.name, numbers | {"scale": np.concatenate(scales), "duplicate": np.concatenate(flags)}
    )
    entry["pictures"] = True
    entry["validity"] = validity.as_dict()


def _image_columns(images: Images, scores: np.ndarray) -> dict[str, list[Any]]:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    probability = shifted / shifted.sum(axis=1, keepdims=True)
    sizes = [images.size(row) for row in range(len(images))]
    return {
        "id": list(images.ids),
        "label": images.labels.tolist(),
        "split": list(images.splits),
        "height": [height for height, _ in sizes],
        "width": [width for _, width in sizes],
        "predicted": scores.argmax(axis=1).tolist(),
        "probability": [round(float(p), 6) for p in probability.max(axis=1)],
    }


def _write_thumbs(root: Path, pixels: Pixels) -> None:
    side = layout.THUMB
    for sheet, first in enumerate(range(0, len(pixels.images), layout.THUMBS_A_SHEET)):
        rows = range(first, min(first + layout.THUMBS_A_SHEET, len(pixels.images)))
        across = layout.THUMBS_ACROSS
        picture = np.full((-(-len(rows) // across) * side, across * side, 3), 255, dtype=np.uint8)
        for place, row in enumerate(rows):
            y, x = divmod(place, across)
            thumb = scale_tile(match_channels(pixels.shown(row), 3), side)
            picture[y * side : (y + 1) * side, x * side : (x + 1) * side] = thumb
        write_picture(layout.thumbs_file(root, sheet), picture)


def _manifest(
    model: Model, source: Images, images: Images, settings: Survey, layers: list[Layer], chosen: list[int]
) -> dict[str, Any]:
    return {
        "stage": "numbers",
        "model": _about_model(model),
        "images": {
            "name": images.name, "digest": images.digest, "classes": list(images.classes), "count": len(images),
            "found": len(source), "split": settings.split, "skipped": len(source.problems),
            "notes": list(source.notes),
        },
        "layers": [_about_layer(model, layer) for layer in layers],
        "chosen": chosen,
        "survey": asdict(settings),
        "provenance": provenance(model),
    }  # fmt: skip


def _about_model(model: Model) -> dict[str, Any]:
    return {
        "id": model.id, "name": model.name, "net": (model.architecture or {}).get("spec"),
        "classes": list(model.classes), "height": model.fit.height, "width": model.fit.width,
        "channels": model.fit.channels, "fit": model.fit.as_dict(), "mean": list(model.mean), "std": list(model.std),
        "output": model.output, "parameters": model.parameters, "notes": list(model.notes),
    }  # fmt: skip


def _about_layer(model: Model, layer: Layer) -> dict[str, Any]:
    field = layer.field
    return {
        "name": layer.name, "folder": escape(layer.name), "operation": layer.operation,
        "shape": [layer.channels, layer.height, layer.width], "chain": list(layer.chain),
        "size": list(field.size), "stride": None if field.stride is None else list(field.stride),
        "start": None if field.start is None else list(field.start), "exact": field.exact,
        "kernel": layer.kernel, "pictures": False, "tile": tile_side(model), "kernels": False,
        "validity": PENDING.as_dict(),
    }  # fmt: skip


def provenance(model: Model) -> dict[str, Any]:
    """Which machine and versions made the numbers; not part of any identity."""
    return {
        "device": str(model.device), "precision": "float32", "threads": torch.get_num_threads(),
        "torch": torch.__version__, "python": platform.python_version(), "machine": platform.machine(),
        "convscope": __version__, "date": time.strftime("%Y-%m-%d"), "seconds": 0.0,
    }  # fmt: skip
