"""The channels of a layer as cards: what the grid of a layer prints."""

from dataclasses import dataclass
from typing import NamedTuple

from convscope.atlas import layout
from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.excerpt import channels_in


@dataclass(frozen=True)
class Card:
    """One channel in the grid of a layer; ``favourite`` is a label, -1: none.

    ``column`` and ``row`` say where it lies on its sheet.
    """

    channel: int
    maximum: float
    mean: float
    positive: float
    selectivity: float
    favourite: int
    sheet: int
    column: int
    row: int

    @property
    def dead(self) -> bool:
        return self.maximum <= 0


def cards(atlas: Atlas, layer: AtlasLayer) -> list[Card]:
    """Every channel of a layer that is shown, in order."""
    numbers, prefers = atlas.channels(layer.name), preference(atlas, layer.name)
    channel = channels_in(atlas, layer.name)
    columns = [numbers["maximum"], numbers["mean"], numbers["positive"], prefers["index"], prefers["best"]]
    rows = zip(channel.tolist(), *(column[channel].tolist() for column in columns), strict=True)
    return [
        Card(number, maximum, mean, positive, selectivity, favourite, *place_of(number))
        for number, maximum, mean, positive, selectivity, favourite in rows
    ]


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


def class_name(atlas: Atlas, index: int) -> str:
    """The name of one of the model's classes, or why there is none."""
    if 0 <= index < len(atlas.classes):
        return atlas.classes[index]
    return "no class (one output)" if len(atlas.classes) == 1 else "nothing"


def label_name(atlas: Atlas, index: int, otherwise: str = "no label") -> str:
    """The name of a label of the images, which may differ from the model's classes."""
    return atlas.image_classes[index] if 0 <= index < len(atlas.image_classes) else otherwise
