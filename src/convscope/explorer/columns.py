"""Columns that can be asked for rows: every channel of the atlas, every image; numbers as they are shown."""

import json
from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from convscope.atlas import layout
from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.addresses import CHANNELS_A_SHARD, has
from convscope.explorer.excerpt import channels_in, kept_of, rows_in
from convscope.explorer.gallery import wrong
from convscope.explorer.packed import as_json
from convscope.plain.names import escape

NUMBERS = ("max", "mean", "positive", "sel")


def channel_columns(atlas: Atlas, layers: Iterable[AtlasLayer]) -> dict[str, Any]:
    """What ``channel_text`` says, read."""
    return json.loads(channel_text(atlas, layers))


def channel_text(atlas: Atlas, layers: Iterable[AtlasLayer]) -> str:
    """As JSON the channels of ``layers`` in order: ``layers`` as (name, folder, channels, has pictures) and numbers.

    ``class`` is the favourite (-1: none) in ``classes``; a number that is not finite is null. ``some`` are the
    channels of all layers where not all are shown.
    """
    listed = list(layers)
    parts = [_of(atlas, layer) for layer in listed]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns = {
        "layers": as_json([
            (layer.name, escape(layer.name), len(part["channel"]), _has_sheets(atlas, layer))
            for layer, part in zip(listed, parts, strict=True)
        ]),
        "classes": as_json(atlas.image_classes),
        "class": as_json(whole["class"].tolist()),
        **{name: numbers_as_json(whole[name]) for name in NUMBERS},
        **({"some": as_json(whole["channel"].tolist())} if kept_of(atlas) else {}),
    }  # fmt: skip
    return "{" + ",".join(f'"{name}":{text}' for name, text in columns.items()) + "}"


def numbers_as_json(values: np.ndarray) -> str:
    """Numbers with the three digits of ``shown``, all printed at once: a tenth of the time of one by one.

    >>> numbers_as_json(np.array([0.123456, 12345.0, np.nan, -np.inf]))
    '[0.123,1.23e+04,null,null]'
    """
    text = ",".join(["%.3g"] * len(values)) % tuple(values.tolist())
    return f"[{text.replace('nan', 'null').replace('-inf', 'null').replace('inf', 'null')}]"


def listed_channels(atlas: Atlas) -> Iterator[dict[str, str]]:
    """Every channel in order, the cells of its row as a page writes them."""
    for layer in atlas.layers.values():
        columns, folder, pictured = _of(atlas, layer), escape(layer.name), _has_sheets(atlas, layer)
        for place, channel in enumerate(columns["channel"].tolist()):
            favourite = int(columns["class"][place])
            yield {
                "layer": layer.name, "folder": folder, "channel": str(channel),
                **{name: written(float(columns[name][place])) for name in NUMBERS},
                "class": atlas.image_classes[favourite] if favourite >= 0 else "–",
                "dead": "no" if columns["max"][place] > 0 else "yes", "pictured": "yes" if pictured else "no",
            }  # fmt: skip


def _of(atlas: Atlas, layer: AtlasLayer) -> dict[str, np.ndarray]:
    numbers, prefers = atlas.numbers(layer.name), preference(atlas, layer.name)
    channel = channels_in(atlas, layer.name)
    columns = {
        "max": numbers["maximum"], "mean": numbers["mean"], "positive": numbers["positive"],
        "sel": prefers["index"], "class": prefers["best"],
    }  # fmt: skip
    return {"channel": channel} | {name: column[channel] for name, column in columns.items()}


def _has_sheets(atlas: Atlas, layer: AtlasLayer) -> bool:
    return any(
        has(atlas, layout.sheet_file(Path(), layer.name, kind, 0)) for kind in ("patches", "projections")
    )


def shown(value: float) -> float | None:
    """A number with the three digits that pages show: what is seen is what is compared.

    >>> shown(0.123456), shown(12345.0), shown(float("-inf"))
    (0.123, 12300.0, None)
    """
    return float(f"{value:.3g}") if isfinite(value) else None


def written(value: float) -> str:
    """Such a number as a browser writes it.

    >>> written(0.123456), written(12345.0), written(0.0000123), written(float("nan"))
    ('0.123', '12300', '0.0000123', '–')
    """
    kept = shown(value)
    return "–" if kept is None else np.format_float_positional(kept, trim="-")


def image_columns(atlas: Atlas) -> dict[str, Any]:
    """Every image that is shown, in order: ``row``, ``id``, ``true`` in ``labels``, ``pred`` in ``classes``, ``p`` and ``wrong``.

    ``margin`` is empty where it was not kept; ``layers`` says of each its folder, channels, and how many lie in one script.
    """
    images, rows = atlas.images, rows_in(atlas)
    return {
        "row": rows.tolist(),
        "id": [images.ids[row] for row in rows],
        "labels": atlas.image_classes,
        "true": images.labels[rows].tolist(),
        "classes": atlas.classes,
        "pred": images.predicted[rows].tolist(),
        "p": [shown(value) for value in images.probability[rows].tolist()],
        "margin": [] if images.margin is None else [shown(value) for value in images.margin[rows].tolist()],
        "wrong": [int(value) for value in wrong(atlas)[rows]],
        "thumbs": (layout.THUMBS_ACROSS, layout.THUMBS_A_SHEET),
        "layers": {
            name: (escape(name), layer.channels, CHANNELS_A_SHARD) for name, layer in atlas.layers.items()
        },
        "chosen": [row for row in atlas.chosen if has(atlas, layout.photo_file(Path(), row))],
    }
