"""Which layers, channels and images of an atlas an excerpt keeps."""

from collections.abc import Iterable

import numpy as np

from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas
from convscope.atlas.sight import has_loupe, opening
from convscope.explorer.excerpt import Excerpt, Kept

LESSON_LAYERS, LESSON_CHANNELS, LESSON_IMAGES = 8, 32, 12


def choose(atlas: Atlas, excerpt: Excerpt) -> tuple[Kept, list[int]]:
    """What is kept, and the places among the chosen images that stay; raises UnknownName naming the nearest layers."""
    lesson = excerpt.profile == "lesson"
    names = layers_of(atlas, excerpt)
    places = _images(atlas)[:LESSON_IMAGES] if lesson else list(range(len(atlas.chosen)))
    top = excerpt.top or (LESSON_CHANNELS if lesson else None)
    channels = {name: np.sort(_ranking(atlas, name, lesson)[:top]) for name in names}
    rows = _rows(atlas, channels, places) if lesson else np.arange(len(atlas.images))
    total = sum(layer.channels for layer in atlas.layers.values())
    return Kept(channels, rows, excerpt.patches, len(atlas.layers), total, len(atlas.images)), places


def layers_of(atlas: Atlas, excerpt: Excerpt) -> list[str]:
    """The layers that an excerpt keeps, in running order; raises UnknownName naming the nearest."""
    asked = {atlas.layer(name.strip()).name for name in excerpt.layers.split(",") if name.strip()}
    every = [name for name in atlas.layers if not asked or name in asked]
    if excerpt.profile != "lesson" or asked or len(every) <= LESSON_LAYERS:
        return every
    spread = np.linspace(0, len(every) - 1, LESSON_LAYERS).round().astype(int)
    return [every[place] for place in spread]


def _ranking(atlas: Atlas, layer: str, lesson: bool) -> np.ndarray:
    """All channels of a layer, those to keep first; of equals the lower number."""
    maximum = atlas.numbers(layer)["maximum"]
    index = preference(atlas, layer)["index"]
    rank = np.where(np.isfinite(index), index, -1.0) if np.isfinite(index).any() else maximum
    alive = maximum > 0
    seen = _shown(atlas, layer) if lesson else np.zeros(len(maximum))
    return np.lexsort((np.arange(len(rank)), -rank, -seen, ~alive))


def _shown(atlas: Atlas, layer: str) -> np.ndarray:
    """In how many cells of the chosen images each channel is among the Loupe's three."""
    count = atlas.layers[layer].channels
    if not has_loupe(atlas, layer):
        return np.zeros(count)
    shown = atlas.loupe(layer)["channel"].ravel()
    return np.bincount(shown[shown < count], minlength=count)


def _images(atlas: Atlas) -> list[int]:
    """Places of the chosen images, those that pages need first: the Loupe's opening, the lesson of occlusion."""
    first, lessons = opening(atlas), atlas.lessons
    wanted = [first.chosen] if first else []
    if lessons and (row := lessons["occlusion"]["row"]) in atlas.chosen:
        wanted.append(atlas.chosen.index(row))
    return list(dict.fromkeys([*wanted, *range(len(atlas.chosen))]))


def _rows(atlas: Atlas, channels: dict[str, np.ndarray], places: Iterable[int]) -> np.ndarray:
    """The chosen images and all that the channels' patches are cut from."""
    rows = [np.array([atlas.chosen[place] for place in places], dtype=int)]
    rows += [atlas.numbers(name)["image"][some].ravel() for name, some in channels.items()]
    found = np.unique(np.concatenate(rows))
    return found[found >= 0]
