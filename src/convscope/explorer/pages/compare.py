"""Two channels side by side, and layers in numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.addresses import PANELS_A_SHARD
from convscope.explorer.channels import preference
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
    return site.render(
        "compare.html", 1, asked=wanted, layers=list(_rows(site.atlas)), known=_known(site.atlas),
        opened={name: _opened(site, text) for name, text in wanted.items()},
    )  # fmt: skip


def _opened(site: Site, text: str) -> Panel | None:
    """The channel that ``LAYER:CHANNEL`` names, None for anything else; raises UnknownName."""
    name, _, channel = text.rpartition(":")
    layer = site.atlas.layers.get(name)
    return None if layer is None else panel(site.atlas, layer, site.channel(layer, channel))


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
