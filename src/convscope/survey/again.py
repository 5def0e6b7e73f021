"""An atlas that is there already and lacks only projections: nothing of it needs counting again."""

from pathlib import Path
from typing import Any, get_args

import numpy as np

from convscope.atlas.check import read_manifest
from convscope.atlas.layout import MORE_NUMBERS
from convscope.atlas.read import Atlas, open_atlas
from convscope.errors import BadAtlas
from convscope.survey.job import DECIDES, Job
from convscope.survey.record import Numbers
from convscope.survey.settings import Project

DRAWING = ("project", "quantiles", "tiles")  # settings that decide nothing that is counted


def complete_atlas(root: Path) -> Atlas | None:
    """The atlas in a folder, None where there is none or it is unfinished."""
    try:
        atlas = open_atlas(root)
    except BadAtlas:
        return None
    return atlas if atlas.stage == "complete" else None


def numbers_of(atlas: Atlas) -> Numbers:
    """The arrays of every layer, to be added to."""
    return {
        name: dict(atlas.numbers(name)) | {"projected": atlas.projected(name).astype(np.uint8)}
        for name in atlas.layers
    }


def counted_already(job: Job) -> Numbers | None:
    """The arrays of a counted atlas of this very survey, by layer; None where it must be counted.

    That is where it is damaged, and where nothing is missing that was asked for: then the user wants it made
    again. What it says of its layers is taken over.
    """
    try:
        there = read_manifest(job.root)
        numbers = numbers_of(open_atlas(job.root))  # checks all of it
        if not (_same(job, there) and _lacks(job, there)):
            return None
    except BadAtlas:
        return None
    if any(MORE_NUMBERS.keys() - arrays.keys() for arrays in numbers.values()):
        return None
    _ = job.partial  # named after what the manifest was
    # what tiles show is found anew, or kept with what is drawn of an unfinished atlas
    job.manifest["layers"] = [
        {name: value for name, value in layer.items() if name != "middle"} for layer in there["layers"]
    ]
    return numbers


def _same(job: Job, there: dict[str, Any]) -> bool:
    here = job.manifest
    return (
        there["stage"] != "numbers"
        and all(there.get(name) == here[name] for name in ("model", "images", "chosen"))
        and [_shape(layer) for layer in there["layers"]] == [_shape(layer) for layer in here["layers"]]
        and _counting(there) == _counting(here)
        and all(there.get("provenance", {}).get(name) == here["provenance"][name] for name in DECIDES)
    )


def _shape(layer: dict[str, Any]) -> Any:
    return layer["name"], layer["shape"]


def _counting(manifest: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in manifest["survey"].items() if name not in DRAWING}


def _lacks(job: Job, there: dict[str, Any]) -> bool:
    if there["stage"] == "pictures":  # stopped while drawing
        return True
    order = get_args(Project)
    project = there["survey"].get("project")
    return project in order and order.index(project) < order.index(job.settings.project)
