"""The channels of a layer as cards: what the grid of a layer prints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.atlas.selectivity import selectivity
from convscope.explorer.excerpt import channels_in


@dataclass(frozen=True)
class Card:
    """One channel in the grid of a layer; ``column`` and ``row`` say where it lies on its sheet."""

    channel: int
    maximum: float
    mean: float
    positive: float
    selectivity: float
    favourite: str
    sheet: int
    column: int
    row: int

    @property
    def dead(self) -> bool:
        return self.maximum <= 0


def preference(atlas: Atlas, layer: str, some: slice = slice(None)) -> Mapping[str, np.ndarray]:
    """``best``, ``index``, ``low`` and ``high`` of ``some`` channels, as in ``atlas.selectivity``.

    The interval is NaN where the atlas was made before spreads were kept.
    """
    numbers, labels = atlas.numbers(layer), atlas.images.labels
    peak = numbers["class_peak"][some]
    spread = numbers["class_spread"][some] if "class_spread" in numbers else np.full_like(peak, np.nan)
    return selectivity(peak, spread, np.bincount(labels[labels >= 0], minlength=peak.shape[1]))


def cards(atlas: Atlas, layer: AtlasLayer) -> list[Card]:
    """Every channel of a layer that is shown, in order."""
    numbers = atlas.channels(layer.name)
    prefers = preference(atlas, layer.name)
    return [
        Card(
            channel, float(numbers["maximum"][channel]), float(numbers["mean"][channel]),
            float(numbers["positive"][channel]), float(prefers["index"][channel]),
            label_name(atlas, int(prefers["best"][channel]), ""), *place_of(channel),
        )
        for channel in channels_in(atlas, layer.name).tolist()
    ]  # fmt: skip


class Place(NamedTuple):
    """Where a channel lies on the sheets of its layer."""

    sheet: int
    column: int
    row: int


def place_of(channel: int) -> Place:
    """Where a channel lies.

    >>> place_of(73)
    Place(sheet=1, column=1, row=1)
    """
    sheet, within = divmod(channel, layout.CHANNELS_A_SHEET)
    row, column = divmod(within, layout.SHEET_ACROSS)
    return Place(sheet, column, row)


def class_name(atlas: Atlas, index: int, otherwise: str = "nothing") -> str:
    """The name of one of the model's classes."""
    return atlas.classes[index] if 0 <= index < len(atlas.classes) else otherwise


def label_name(atlas: Atlas, index: int, otherwise: str = "no label") -> str:
    """The name of a label of the images, which may differ from the model's classes."""
    return atlas.image_classes[index] if 0 <= index < len(atlas.image_classes) else otherwise
