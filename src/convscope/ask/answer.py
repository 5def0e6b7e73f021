"""One question, one answer: from the atlas, or from a lens and then kept in the atlas."""

from dataclasses import asdict
from typing import Any

import numpy as np

from convscope.atlas.read import Atlas
from convscope.atlas.write import write_map
from convscope.errors import BadAtlas
from convscope.model.model import Model
from convscope.plain.pixelmap import PixelMap
from convscope.plain.question import Question
from convscope.plain.unit import Unit


def question(model_id: str, unit: Unit, lens: Any, image_id: str) -> Question:
    """The address of what ``lens`` sees of ``unit`` on an image."""
    return Question(model_id, unit, lens.name, lens.version, image_id, asdict(lens))


def check_model(atlas: Atlas, model: Model) -> None:
    """Raises BadAtlas where the atlas was made from another model."""
    if model.id != atlas.manifest["model"]["id"]:
        raise BadAtlas(f"{atlas.path} was made from another model than {model.name}: survey this one first")


def answer(
    atlas: Atlas, unit: Unit, lens: Any, row: int, image: np.ndarray, model: Model | None = None
) -> PixelMap:
    """The map of one image of an atlas: remembered, or made with ``model`` and remembered.

    Raises BadAtlas where it is not remembered and no model is at hand, or the model is another one.
    """
    asked = question(atlas.manifest["model"]["id"], unit, lens, atlas.images.ids[row])
    remembered = atlas.map(asked)
    if remembered is not None:
        return remembered
    if model is None:
        raise BadAtlas(
            f"{atlas.path} does not hold {lens.name} of {unit} on image {asked.image}: make it with "
            f"`convscope look IMAGE --model RUN --unit {unit} --lens {lens.name}`"
        )
    check_model(atlas, model)
    pixels = lens(model, unit, image)
    write_map(atlas.path, asked, pixels)
    return pixels
