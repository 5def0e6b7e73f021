"""What the lessons of the explorer show of one's own network: measured once, kept in the atlas."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from convscope.ask.answer import check_model
from convscope.atlas.read import Atlas, AtlasLayer, open_atlas
from convscope.atlas.write import write_lessons
from convscope.errors import BadAtlas, Unanswerable
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.plain.shifts import Shift

SHIFTS = Shift(by="0..4", sample=24)
CANDIDATES = 4  # pictures that are swept; the one whose answer falls furthest is kept
SIZE, STRIDE = 5, 14  # the square is a fifth of the shorter edge and moves by a fourteenth


def measure_lessons(model: Model, images: Images, into: str | Path) -> Mapping[str, Any]:
    """Measure for the atlas at ``into`` what docs/atlas-format.md calls ``lessons.json``, and write it there.

    Seconds for a small network: it reads the chosen pictures of the atlas only. Raises BadAtlas where the
    atlas is of another network, or ``images`` lack its chosen pictures.
    """
    atlas = open_atlas(into)
    check_model(atlas, model)
    pictures = chosen_pictures(atlas, images)
    found = {
        "shift": shifted(model, atlas, pictures),
        "fields": fields(model, atlas, pictures.values()),
        "occlusion": furthest_fall(model, atlas, pictures),
    }
    write_lessons(atlas.path, found)
    return found


def chosen_pictures(atlas: Atlas, images: Images) -> dict[int, np.ndarray]:
    """The pictures that the atlas has chosen, by row; raises BadAtlas where ``images`` do not hold them."""
    places = {name: place for place, name in enumerate(images.ids)}
    missing = [name for row in atlas.chosen if (name := atlas.images.ids[row]) not in places]
    if missing or not atlas.chosen:
        what = f"picture {missing[0]}" if missing else "any chosen picture"
        raise BadAtlas(f"{images} lack {what} of {atlas.path}: give the images of the survey with --data")
    return {row: images[places[atlas.images.ids[row]]] for row in atlas.chosen}


def shifted(model: Model, atlas: Atlas, pictures: Mapping[int, np.ndarray]) -> dict[str, Any]:
    """Mean relative change of every stage under small shifts, and what becomes of the answer."""
    from convscope.images import open_images
    from convscope.studies.shift import shift

    seen = shift(model, open_images(list(pictures.values())), settings=SHIFTS).as_dict()
    reaction = seen["models"][0]
    return {
        "steps": seen["steps"], "border": SHIFTS.border, "pictures": seen["pictures"],
        "layers": [{key: one[key] for key in ("layer", "change", "aligned")} for one in reaction["layers"]],
        "probability": reaction["probability"], "kept": reaction["kept"],
    }  # fmt: skip


def fields(model: Model, atlas: Atlas, pictures: Iterable[np.ndarray]) -> dict[str, Any]:
    """How many rows and columns of its receptive field the middle cell of every layer uses."""
    shown = list(pictures)
    widths = {layer.name: _used(model, layer, shown) for layer in atlas.layers.values()}
    return {"pictures": len(shown), "width": {name: width for name, width in widths.items() if width}}


def _used(model: Model, layer: AtlasLayer, pictures: list[np.ndarray]) -> list[int] | None:
    from convscope.studies.effective_field import effective_field

    if layer.shape[1] * layer.shape[2] == 1:
        return None
    try:
        return list(effective_field(model, layer.name, pictures).width)
    except Unanswerable:
        return None


def furthest_fall(model: Model, atlas: Atlas, pictures: Mapping[int, np.ndarray]) -> dict[str, Any]:
    """Of a few rightly named pictures the one whose class falls furthest under a grey square."""
    named = [row for row in pictures if atlas.images.predicted[row] == atlas.truth[row]]
    swept = [_sweep(model, row, pictures[row]) for row in (named or list(pictures))[:CANDIDATES]]
    return max(swept, key=lambda one: one["clean"][0] - np.min(one["probability"][0])) | {"of": len(swept)}


def _sweep(model: Model, row: int, picture: np.ndarray) -> dict[str, Any]:
    """The named class, and the one that gains most where the square hides what speaks for the first."""
    from convscope.studies.occlusion import occlusion_sweep

    shorter = min(model.fit.height, model.fit.width)
    size, stride = max(1, round(shorter / SIZE)), max(1, round(shorter / STRIDE))
    seen = occlusion_sweep(model, picture, [], size=size, stride=stride)
    named = int(seen.clean.probability.argmax())
    gain = seen.probability.max(axis=(0, 1)) - seen.clean.probability
    gain[named] = -np.inf
    classes = [named] if len(gain) == 1 else [named, int(gain.argmax())]
    return {
        "row": row, "size": size, "stride": stride, "fill": str(seen.fill), "classes": classes,
        "clean": [round(float(seen.clean.probability[k]), 6) for k in classes],
        "probability": [seen.probability[:, :, k].astype(float).round(6).tolist() for k in classes],
    }  # fmt: skip
