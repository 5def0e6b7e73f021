"""Writing down what was counted and drawn, in the words of the atlas."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from convscope.atlas import layout
from convscope.atlas.neighbours import nearest_of_each
from convscope.atlas.write import (
    write_images,
    write_manifest,
    write_numbers,
    write_peaks,
    write_picture,
    write_weights,
)
from convscope.images.source import Images
from convscope.model.layer import Layer
from convscope.survey.count import Counts
from convscope.survey.job import Job
from convscope.survey.kernels import first_biases, first_kernels, kernel_sheet
from convscope.survey.loupe import write_loupes
from convscope.survey.pictures import Drawn
from convscope.survey.ranked import at_quantiles

DRAWN = ("scale", "duplicate", "projected")  # arrays of numbers that are known once pictures are drawn
Numbers = dict[str, dict[str, np.ndarray]]


def write_counts(job: Job, counts: Counts) -> Numbers:
    """Everything but patches and projections; the arrays of every layer, by its name."""
    numbers = number_layers(job, counts)
    looks_at_pixels = set()
    for layer, entry in zip(job.layers, job.manifest["layers"], strict=True):
        kernels = first_kernels(job.model, layer)
        if kernels is not None:
            looks_at_pixels.add(layer.name)
            entry["kernels"] = True
            write_picture(layout.kernels_file(job.root, layer.name), kernel_sheet(kernels))
            if job.pixels.images.raw(0) is None:  # otherwise the photographs are not what the network reads
                write_weights(job.root, layer.name, kernels, first_biases(job.model, layer))
        write_numbers(job.root, layer.name, numbers[layer.name])
        write_peaks(job.root, layer.name, job.sample, counts.tallies[layer.name].peaks.T)
    write_loupes(job.root, job.model, job.pixels, job.chosen, numbers, looks_at_pixels)
    write_images(job.root, _image_columns(job.pixels.images, counts))
    job.thumbs.write_all(job.root)
    write_manifest(job.root, job.manifest)
    return numbers


def number_layers(job: Job, counts: Counts) -> Numbers:
    """The arrays of every layer, nothing drawn yet."""
    return {layer.name: _numbers(layer, counts) for layer in job.layers}


def _numbers(layer: Layer, counts: Counts) -> dict[str, np.ndarray]:
    tally = counts.tallies[layer.name]
    found = tally.numbers() | at_quantiles(tally.sample, tally.peaks, tally.places, layer.width)
    found["neighbour"] = nearest_of_each(tally.peaks.T, layout.NEIGHBOURS)
    geometry = {"rows": layer.field.rows, "columns": layer.field.columns}
    return found | geometry | dict.fromkeys(DRAWN, np.zeros_like(found["value"]))


def write_drawn(job: Job, numbers: dict[str, np.ndarray], place: int, drawn: Sequence[Drawn]) -> None:
    """What is known of a layer once all its sheets are drawn."""
    seen = {name: np.concatenate([getattr(sheet, name) for sheet in drawn]) for name in DRAWN}
    write_numbers(job.root, job.layers[place].name, numbers | seen)
    job.manifest["layers"][place] |= {"pictures": True, "validity": drawn[-1].validity.as_dict()}


def write_stage(job: Job, stage: str, started: float) -> None:
    """The manifest, which says how far the survey has come, and that it began at ``started`` (seconds)."""
    job.manifest["stage"] = stage
    job.manifest["provenance"]["seconds"] = round(time.time() - started, 1)
    write_manifest(job.root, job.manifest)


def _image_columns(images: Images, counts: Counts) -> dict[str, list[Any]]:
    sizes = [images.size(row) for row in range(len(images))]
    return {
        "id": list(images.ids),
        "label": images.labels.tolist(),
        "split": list(images.splits),
        "height": [height for height, _ in sizes],
        "width": [width for _, width in sizes],
        "predicted": counts.predicted.tolist(),
        "probability": [round(float(p), 6) for p in counts.probability],
        "margin": [round(float(p), 6) for p in counts.margin],
    }
