"""A layer, or what a channel was at one epoch, as a column to stand beside another one."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import UnknownName
from convscope.explorer.channels import Card, cards, label_name

SHOWN = 24  # channels of a layer, the most selective first


@dataclass(frozen=True)
class Preferred:
    """How many living channels of a layer prefer one class."""

    index: int
    name: str
    channels: int
    share: float


@dataclass(frozen=True)
class LayerColumn:
    """A layer: how many channels are dead, which classes the others prefer, and its most selective channels."""

    layer: AtlasLayer
    dead: int
    classes: list[Preferred]
    shown: list[Card]


@dataclass(frozen=True)
class Growth:
    """A channel at one epoch: ``place`` of the epoch in its picture, its strongest activation, where that was."""

    channel: int
    place: int
    value: float
    row: int
    label: str
    scale: float


@dataclass(frozen=True)
class EpochColumn:
    """Some channels of a layer at one epoch, of those that ``convscope evolve`` looked at; ``of`` all its epochs."""

    layer: AtlasLayer
    epoch: int
    of: list[int]
    sample: int
    grown: list[Growth]


def layer_column(atlas: Atlas, layer: AtlasLayer) -> LayerColumn:
    """What stands for a whole layer."""
    alive, best = atlas.numbers(layer.name)["maximum"] > 0, preference(atlas, layer.name)["best"]
    found = Counter(best[alive & (best >= 0)].tolist())
    classes = [
        Preferred(label, label_name(atlas, label), count, count / int(alive.sum()))
        for label, count in found.most_common()
    ]
    shown = [card for card in cards(atlas, layer) if not card.dead]
    shown.sort(key=lambda card: -np.nan_to_num(card.selectivity))
    return LayerColumn(layer, int((~alive).sum()), classes, shown[:SHOWN])


def epoch_column(atlas: Atlas, layer: AtlasLayer, epoch: int, channel: int | None = None) -> EpochColumn:
    """A layer's channels at ``epoch``, or one of them; raises UnknownName where that was not looked at."""
    kept = atlas.evolution(layer.name)
    if kept is None:
        raise UnknownName("epoch", epoch, (), "Nobody has looked at epochs: `convscope evolve RUN` does.")
    epochs, channels = kept["epoch"].tolist(), kept["channel"].tolist()
    if epoch not in epochs:
        raise UnknownName("epoch", epoch, map(str, epochs))
    if channel is not None and channel not in channels:
        command = f"`convscope evolve RUN --channels {layer.name}:{channel}` looks at it."
        raise UnknownName("channel among the epochs", channel, map(str, channels), command)
    place = epochs.index(epoch)
    grown = [
        _growth(atlas, kept, number, place) for number, one in enumerate(channels) if channel in (None, one)
    ]
    return EpochColumn(layer, epoch, epochs, len(kept["row"]), grown)


def _growth(atlas: Atlas, kept: Mapping[str, np.ndarray], number: int, place: int) -> Growth:
    value, row, scale = (kept[name][number, place].item() for name in ("value", "image", "scale"))
    label = label_name(atlas, int(atlas.images.labels[row]))
    return Growth(int(kept["channel"][number]), place, value, row, label, scale)


def epochs_of(atlas: Atlas, layer: AtlasLayer) -> tuple[list[int], list[int]]:
    """(epochs, channels) that were looked at; both empty where none were."""
    kept = atlas.evolution(layer.name)
    return ([], []) if kept is None else (kept["epoch"].tolist(), kept["channel"].tolist())
