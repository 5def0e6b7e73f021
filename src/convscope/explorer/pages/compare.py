"""Two channels side by side, two layers, or two epochs; and all layers in numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.addresses import PANELS_A_SHARD, layer_page
from convscope.explorer.beside import EpochColumn, LayerColumn, epoch_column, epochs_of, layer_column
from convscope.explorer.packed import packed
from convscope.explorer.page import Page, only
from convscope.explorer.panel import Panel, panel
from convscope.explorer.site import Asked, Site
from convscope.plain.names import escape


@dataclass(frozen=True)
class Row:
    """A layer in numbers: how many channels are dead, and the medians over its channels."""

    layer: AtlasLayer
    dead: int
    maximum: float
    positive: float
    selectivity: float


def _write(site: Site, asked: Asked) -> str:
    wanted = {name: asked.query.get(name, "") for name in ("a", "b")}
    grown = [(layer, *epochs_of(site.atlas, layer)) for layer in site.atlas.layers.values()]
    return site.render(
        "compare.html", 1, asked=wanted, layers=list(_rows(site.atlas)), known=_known(site.atlas),
        opened={name: _opened(site, text) for name, text in wanted.items()}, is_channel=lambda view: isinstance(view, Panel),
        grown=next((each for each in grown if each[1]), None),
    )  # fmt: skip


# a layer's name may hold any sign, so the longest name that is one is tried first
PATTERNS = (
    r"(?P<layer>.+)", r"(?P<layer>.+)@(?P<epoch>[0-9]{1,9})", r"(?P<layer>.+):(?P<channel>.*)@(?P<epoch>[0-9]{1,9})",
    r"(?P<layer>.+):(?P<channel>.*)",
)  # fmt: skip


def _opened(site: Site, text: str) -> Panel | LayerColumn | EpochColumn | None:
    """What ``LAYER:CHANNEL``, ``LAYER``, ``LAYER@EPOCH`` or ``LAYER:CHANNEL@EPOCH`` names, None for anything else.

    Raises UnknownName where the layer has no such channel or epoch.
    """
    for found in (re.fullmatch(pattern, text) for pattern in PATTERNS):
        layer = found and site.atlas.layers.get(found["layer"])
        if found and layer:
            parts = found.groupdict()
            channel = None if parts.get("channel") is None else site.channel(layer, parts["channel"])
            if parts.get("epoch") is not None:
                return epoch_column(site.atlas, layer, int(parts["epoch"]), channel)
            return layer_column(site.atlas, layer) if channel is None else panel(site.atlas, layer, channel)
    return None


def _write_columns(site: Site, asked: Asked) -> str:
    """Everything of a layer that can stand beside another, but its channels: by ``""``, ``@EPOCH``, ``CHANNEL@EPOCH``."""
    layer, template = (
        site.layer(asked.path["folder"]),
        cast(Any, site.templates.get_template("beside.html").module),
    )
    epochs, channels = epochs_of(site.atlas, layer)
    views: dict[str, LayerColumn | EpochColumn] = {"": layer_column(site.atlas, layer)}
    for epoch in epochs:
        views |= {
            f"{'' if one is None else one}@{epoch}": epoch_column(site.atlas, layer, epoch, one)
            for one in (None, *channels)
        }
    texts = {key: str(template.beside(view, site.here(2))) for key, view in views.items()}
    return packed(columns_script(layer.name), texts)


def columns_script(layer: str) -> str:
    return f"{layer_page(layer)}beside.js"


def _rows(atlas: Atlas) -> Iterator[Row]:
    for layer in atlas.layers.values():
        numbers, index = atlas.numbers(layer.name), preference(atlas, layer.name)["index"]
        known = index[np.isfinite(index)]
        yield Row(
            layer, int((numbers["maximum"] <= 0).sum()), float(np.median(numbers["maximum"])),
            float(np.median(numbers["positive"])), float(np.median(known)) if len(known) else float("nan"),
        )  # fmt: skip


def _known(atlas: Atlas) -> dict[str, dict[str, Any]]:
    """What a script must know of a layer to find the panel of a channel."""
    return {
        name: {"folder": escape(name), "channels": layer.channels, "shard": PANELS_A_SHARD}
        for name, layer in atlas.layers.items()
    }


PAGE = Page("/compare/", _write, only("compare/"))
COLUMNS = Page(
    "/layer/{folder}/beside.js", _write_columns, lambda atlas: map(columns_script, atlas.layers), media="text/javascript",
)  # fmt: skip
