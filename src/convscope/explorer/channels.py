"""The channels of a layer as cards, and one channel as a panel: what the templates print."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import UnknownName
from convscope.explorer.addresses import has
from convscope.explorer.charts import bar, histogram
from convscope.plain.boxes import Box

CLASSES_SHOWN = 10


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


def selectivity(class_mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class selectivity index of each channel and its favourite class, from means ``[C, K]``.

    (largest - mean of the others) / (largest + mean of the others), in 0..1 (Morcos et al. 2018,
    "On the importance of single directions", equation 1); -1 is the favourite where there is none.

    >>> selectivity(np.array([[3.0, 1.0, 1.0]]))[0].tolist()
    [0.5]
    """
    means = np.nan_to_num(np.maximum(class_mean, 0)).astype(np.float64)
    if means.shape[1] < 2:
        return np.zeros(len(means)), np.full(len(means), -1)
    best = means.argmax(axis=1)
    largest = means.max(axis=1)
    others = (means.sum(axis=1) - largest) / (means.shape[1] - 1)
    total = largest + others
    index = np.divide(largest - others, total, out=np.zeros_like(total), where=total > 0)
    return index, np.where(total > 0, best, -1)


def cards(atlas: Atlas, layer: AtlasLayer) -> list[Card]:
    """Every channel of a layer, in order."""
    numbers = atlas.channels(layer.name)
    index, favourite = selectivity(numbers["class_mean"])
    return [
        Card(
            channel, float(numbers["maximum"][channel]), float(numbers["mean"][channel]),
            float(numbers["positive"][channel]), float(index[channel]),
            label_name(atlas, favourite[channel], ""), *_place(channel),
        )
        for channel in range(layer.channels)
    ]  # fmt: skip


def _place(channel: int) -> tuple[int, int, int]:
    sheet, within = divmod(channel, layout.CHANNELS_A_SHEET)
    row, column = divmod(within, layout.SHEET_ACROSS)
    return sheet, column, row


def class_name(atlas: Atlas, index: int, otherwise: str = "nothing") -> str:
    """The name of one of the model's classes."""
    return atlas.classes[index] if 0 <= index < len(atlas.classes) else otherwise


def label_name(atlas: Atlas, index: int, otherwise: str = "no label") -> str:
    """The name of a label of the images, which may differ from the model's classes."""
    return atlas.image_classes[index] if 0 <= index < len(atlas.image_classes) else otherwise


@dataclass(frozen=True)
class Winner:
    """One of the strongest activations: where it was, and the pixels it could see."""

    rank: int
    value: float
    row: int
    id: str
    label: str
    box: Box
    duplicate: bool
    scale: float


@dataclass(frozen=True)
class ClassMean:
    """The mean activation over the images of one class, and its bar."""

    name: str
    mean: float
    bar: Markup


@dataclass(frozen=True)
class Panel:
    """One channel, everything that is known of it."""

    layer: AtlasLayer
    channel: int
    strip: bool
    winners: list[Winner]
    maximum: float
    mean: float
    p999: float
    positive: float
    selectivity: float
    histogram: Markup
    edges: tuple[float, float]
    class_means: list[ClassMean]
    classes: int

    @property
    def dead(self) -> bool:
        return self.maximum <= 0


def panel(atlas: Atlas, layer: AtlasLayer, channel: int) -> Panel:
    """One channel's panel; raises UnknownName where the layer has no such channel."""
    if not 0 <= channel < layer.channels:
        hint = f"Layer {layer.name} has channels 0 to {layer.channels - 1}."
        raise UnknownName("channel", channel, map(str, range(layer.channels)), hint)
    numbers = atlas.numbers(layer.name)
    edges = numbers["histogram_edges"][channel]
    means = numbers["class_mean"][channel]
    return Panel(
        layer, channel, has(atlas, layout.strip_file(Path(), layer.name, channel)),
        winners(atlas, layer, channel),
        float(numbers["maximum"][channel]), float(numbers["mean"][channel]),
        float(numbers["p999"][channel]), float(numbers["positive"][channel]),
        float(selectivity(means[None])[0][0]),
        histogram(numbers["histogram"][channel], edges), (float(edges[0]), float(edges[-1])),
        _class_means(atlas, means), int(np.isfinite(means).sum()),
    )  # fmt: skip


def winners(atlas: Atlas, layer: AtlasLayer, channel: int) -> list[Winner]:
    """The winners of a channel, strongest first; places without an image are left out."""
    numbers, images = atlas.numbers(layer.name), atlas.images
    found = []
    for rank, row in enumerate(numbers["image"][channel].tolist()):
        if not 0 <= row < len(images):
            continue
        at = int(numbers["y"][channel, rank]), int(numbers["x"][channel, rank])
        found.append(
            Winner(
                rank, float(numbers["value"][channel, rank]), row, images.ids[row],
                label_name(atlas, int(images.labels[row])), layer.field.at(*at),
                bool(numbers["duplicate"][channel, rank]) if "duplicate" in numbers else False,
                float(numbers["scale"][channel, rank]) if "scale" in numbers else 0.0,
            )
        )  # fmt: skip
    return found


def _class_means(atlas: Atlas, means: np.ndarray) -> list[ClassMean]:
    """The classes with the largest means, at most ten."""
    ranked = np.argsort(np.where(np.isfinite(means), -means, np.inf), kind="stable")[:CLASSES_SHOWN]
    known = [int(index) for index in ranked if np.isfinite(means[index])]
    top = max((float(means[index]) for index in known), default=0) or 1
    return [
        ClassMean(label_name(atlas, index), float(means[index]), bar(float(means[index]) / top))
        for index in known
    ]
