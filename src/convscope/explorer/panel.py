"""One channel with everything that is known of it: what the panel prints."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from convscope.atlas import layout
from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import UnknownName
from convscope.explorer.addresses import control_of, has
from convscope.explorer.around import Around, AroundOlder, around
from convscope.explorer.channels import label_name
from convscope.explorer.charts import histogram, interval_bar
from convscope.plain.boxes import Box
from convscope.plain.render import tile_box

CLASSES_SHOWN = 8
Z = 1.96  # standard errors on either side of a 95 % interval


class Winner(NamedTuple):
    """One of the strongest activations: where it was, the pixels it could see, and those that its tile shows.

    ``evened`` is how much of its contrast the projection loses (0..1) when all tiles of the channel, or all of
    the layer, are drawn at one scale.
    """

    rank: int
    value: float
    row: int
    id: str
    label: str
    box: Box
    shown: Box
    duplicate: bool
    scale: float
    evened: tuple[float, float]


@dataclass(frozen=True)
class ClassPeak:
    """The mean strongest activation over the images of one class, 95 % interval (NaN: not known) and bar."""

    index: int
    name: str
    mean: float
    low: float
    high: float
    bar: Markup


@dataclass(frozen=True)
class Quantile:
    """Three images at one quantile of a channel's strongest activation."""

    share: float
    values: list[float]


@dataclass(frozen=True)
class Neighbour:
    """A channel that answers to the same images; ``similarity`` is Pearson's correlation."""

    layer: str
    channel: int
    similarity: float


@dataclass(frozen=True)
class Panel:
    """One channel, everything that is known of it."""

    layer: AtlasLayer
    channel: int
    strip: bool
    around: Around | AroundOlder
    winners: list[Winner]
    maximum: float
    mean: float
    p999: float
    positive: float
    selectivity: tuple[float, float, float]
    histogram: Markup
    edges: tuple[float, float]
    class_peaks: list[ClassPeak]
    classes: int
    quantiles: list[Quantile]
    neighbours: dict[str, list[Neighbour]]
    control: bool
    grown: bool

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
    prefers = preference(atlas, layer.name, slice(channel, channel + 1))
    pictures = around(atlas, layer, channel)
    return Panel(
        layer, channel, has(atlas, layout.strip_file(Path(), layer.name, channel)), pictures,
        winners(atlas, layer, channel),
        float(numbers["maximum"][channel]), float(numbers["mean"][channel]),
        float(numbers["p999"][channel]), float(numbers["positive"][channel]),
        (float(prefers["index"][0]), float(prefers["low"][0]), float(prefers["high"][0])),
        histogram(numbers["histogram"][channel], edges), (float(edges[0]), float(edges[-1])),
        list(class_peaks(atlas, layer.name, channel)),
        int(np.isfinite(numbers["class_peak"][channel]).sum()),
        quantiles(atlas, layer.name, channel) if pictures.ordinary(0) else [], neighbours(atlas, layer.name, channel),
        control_of(atlas) is not None, has(atlas, layout.evolution_picture(Path(), layer.name, channel)),
    )  # fmt: skip


def winners(
    atlas: Atlas,
    layer: AtlasLayer,
    channel: int,
    boxes_at: Callable[[int, int], tuple[Box, Box]] | None = None,
) -> list[Winner]:
    """The winners of a channel, strongest first; places without an image are left out.

    Whoever asks for many channels makes ``boxes_at`` once, by ``boxes_of``: winners share places.
    """
    numbers, images, boxes_at = atlas.numbers(layer.name), atlas.images, boxes_at or boxes_of(atlas, layer)
    none = np.zeros_like(numbers["value"][channel])
    columns = [numbers[name][channel] for name in ("value", "image", "y", "x")]
    scales, duplicates = (
        numbers[name][channel] if name in numbers else none for name in ("scale", "duplicate")
    )
    own, all_of_layer = (float(array.max(initial=0)) for array in (scales, numbers.get("scale", none)))
    places = enumerate(zip(*(column.tolist() for column in (*columns, scales, duplicates)), strict=True))
    return [
        Winner(
            rank, value, row, images.ids[row], label_name(atlas, int(images.labels[row])), *boxes_at(y, x),
            bool(duplicate), scale, (_lost(scale, own), _lost(scale, all_of_layer)),
        )
        for rank, (value, row, y, x, scale, duplicate) in places
        if 0 <= row < len(images)
    ]  # fmt: skip


def boxes_of(atlas: Atlas, layer: AtlasLayer) -> Callable[[int, int], tuple[Box, Box]]:
    """For each place of a layer's map the pixels that it can see, and those that a tile of it shows."""
    height, width = atlas.manifest["model"]["height"], atlas.manifest["model"]["width"]

    @cache
    def boxes_at(y: int, x: int) -> tuple[Box, Box]:
        left, top, across, down = tile_box(layer.field.unclipped(y, x), height, width, layer.middle)
        return layer.field.at(y, x), Box(left, top, left + across, top + down).clip(height, width)

    return boxes_at


def _lost(scale: float, common: float) -> float:
    return 1 - scale / common if common > 0 else 0.0


def class_peaks(atlas: Atlas, layer: str, channel: int) -> Iterator[ClassPeak]:
    """The classes whose images excite a channel most, strongest first, at most eight."""
    numbers = atlas.numbers(layer)
    means = numbers["class_peak"][channel].astype(np.float64)
    labels = atlas.images.labels
    images = np.bincount(labels[labels >= 0], minlength=len(means))
    spread = numbers["class_spread"][channel] if "class_spread" in numbers else np.full_like(means, np.nan)
    half = Z * spread / np.sqrt(np.maximum(images, 1))
    ranked = [int(index) for index in np.argsort(-means, kind="stable") if np.isfinite(means[index])]
    top = float(np.nanmax(means + np.nan_to_num(half), initial=0)) or 1.0
    for index in ranked[:CLASSES_SHOWN]:
        low, high = float(means[index] - half[index]), float(means[index] + half[index])
        bar = interval_bar(float(means[index]) / top, low / top, high / top)
        yield ClassPeak(index, label_name(atlas, index), float(means[index]), low, high, bar)


def quantiles(atlas: Atlas, layer: str, channel: int) -> list[Quantile]:
    """Ordinary answers of a channel beside its strongest; none where the atlas has none."""
    numbers, shares = atlas.numbers(layer), atlas.manifest["survey"].get("quantiles", ())
    if "quantile_value" not in numbers:
        return []
    values = numbers["quantile_value"][channel].tolist()
    return [Quantile(share, three) for share, three in zip(shares, values, strict=False)]


def neighbours(atlas: Atlas, layer: str, channel: int) -> dict[str, list[Neighbour]]:
    """By "same", "before" and "after" the channels that answer to the same images, most similar first."""
    names = list(atlas.layers)
    place = names.index(layer)
    asked = {
        "same": layer,
        "before": names[place - 1] if place else None,
        "after": names[place + 1] if place + 1 < len(names) else None,
    }
    if not has(atlas, layout.peaks_file(Path(), layer)):
        return {}
    return {key: _nearest(atlas, layer, channel, other) for key, other in asked.items()}


def _nearest(atlas: Atlas, layer: str, channel: int, other: str | None) -> list[Neighbour]:
    if other is None or not has(atlas, layout.peaks_file(Path(), other)):
        return []
    found = atlas.neighbours(layer, channel, of=None if other == layer else other, count=layout.NEIGHBOURS)
    pairs = zip(found["channel"].tolist(), found["similarity"].tolist(), strict=True)
    return [Neighbour(other, place, similarity) for place, similarity in pairs if similarity > 0]
