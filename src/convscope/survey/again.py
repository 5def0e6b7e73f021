"""An atlas that is there already and lacks only projections: nothing of it needs counting again."""

from typing import Any, get_args

from convscope.atlas.check import read_manifest
from convscope.atlas.layout import MORE_NUMBERS
from convscope.atlas.read import open_atlas
from convscope.errors import BadAtlas
from convscope.survey.job import DECIDES, Job
from convscope.survey.record import Numbers
from convscope.survey.settings import Project

DRAWING = ("project", "quantiles")  # settings that decide nothing that is counted


def counted_already(job: Job, *, even_if_drawn: bool) -> Numbers | None:
    """The arrays of a complete atlas of this very survey, by layer; None where it must be counted.

    That is where it is damaged, and unless ``even_if_drawn`` where nothing is missing that was asked for: then the
    user wants it made again. What it says of itself is taken over.
    """
    try:
        there = read_manifest(job.root)
        if not _same(job, there) or not (even_if_drawn or _lacks(job, there)):
            return None
        atlas = open_atlas(job.root)
        numbers = {layer.name: dict(atlas.numbers(layer.name)) for layer in job.layers}
    except BadAtlas:
        return None
    if any(MORE_NUMBERS.keys() - arrays.keys() for arrays in numbers.values()):
        return None
    _ = job.partial  # named after what the manifest was
    job.manifest.update({name: value for name, value in there.items() if even_if_drawn or name != "survey"})
    return numbers


def _same(job: Job, there: dict[str, Any]) -> bool:
    here = job.manifest
    return (
        there["stage"] == "complete"
        and all(there.get(name) == here[name] for name in ("model", "images", "chosen"))
        and [_shape(layer) for layer in there["layers"]] == [_shape(layer) for layer in here["layers"]]
        and _counting(there) == _counting(here)
        and all(there.get("provenance", {}).get(name) == here["provenance"][name] for name in DECIDES)
    )


def _shape(layer: Any) -> Any:
    return layer.get("name"), layer.get("shape") if isinstance(layer, dict) else layer


def _counting(manifest: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in manifest["survey"].items() if name not in DRAWING}


def _lacks(job: Job, there: dict[str, Any]) -> bool:
    order = get_args(Project)
    project = there["survey"].get("project")
    return project in order and order.index(project) < order.index(job.settings.project)
