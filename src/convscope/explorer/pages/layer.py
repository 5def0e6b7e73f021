"""One layer with all its channels, and one channel opened where asked; the other channels as scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import UnknownName
from convscope.explorer import channels
from convscope.explorer.addresses import (
    CHANNELS_A_SHARD,
    PANELS_A_SHARD,
    has,
    layer_page,
    panels_script,
    shards,
)
from convscope.explorer.columns import channel_columns
from convscope.explorer.excerpt import is_in
from convscope.explorer.packed import packed
from convscope.explorer.page import Page
from convscope.explorer.pages.likeness import knows_likeness
from convscope.explorer.panel import panel
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    layer, channel = site.layer(asked.path["folder"]), asked.query.get("c")
    opened = None if channel is None else panel(site.atlas, layer, site.channel(layer, channel))
    return site.render(
        "layer.html", 2, layer=layer, cards=channels.cards(site.atlas, layer), opened=opened,
        columns=channel_columns(site.atlas, [layer]), sheets=_sheets(site, layer),
        kernels=_kernels(site.atlas, layer.name), chosen=site.photographs(), shards=CHANNELS_A_SHARD, panels=PANELS_A_SHARD,
        alike=knows_likeness(site.atlas, layer),
    )  # fmt: skip


def _write_panels(site: Site, asked: Asked) -> str:
    """Some channel panels, each the text that ``?c=`` shows on the server."""
    layer, shard = site.layer(asked.path["folder"]), asked.path["shard"]
    known = shards(layer, PANELS_A_SHARD)
    if shard not in known:
        raise UnknownName("panel shard", shard, map(str, known))
    template: Any = site.templates.get_template("panel.html").module
    first = shard * PANELS_A_SHARD

    def text(channel: int) -> str:
        if not is_in(site.atlas, layer.name, channel):
            return str(template.left_out(layer, channel))
        return str(template.panel(panel(site.atlas, layer, channel), site.here(2)))

    channels = range(first, min(first + PANELS_A_SHARD, layer.channels))
    return packed(panels_script(layer.name, shard), [text(channel) for channel in channels], level=9)


def _sheets(site: Site, layer: AtlasLayer) -> dict[str, list[str]]:
    """The pictures of each kind of sheet, as the page links to them; none where the layer has none: they are made all together."""
    places = range(-(-layer.channels // layout.CHANNELS_A_SHEET))
    files = {
        kind: [layout.sheet_file(Path(), layer.name, kind, place) for place in places]
        for kind in ("patches", "projections")
    }
    return {
        kind: [site.here(2).file(file) for file in every] if has(site.atlas, every[0]) else []
        for kind, every in files.items()
    }


def _kernels(atlas: Atlas, layer: str) -> tuple[int, int] | None:
    """(width, height) in pixels of the picture of kernels; None where there is none to read."""
    try:
        with Image.open(layout.kernels_file(atlas.path, layer)) as picture:
            return picture.size
    except OSError:
        return None


def _addresses(atlas: Atlas) -> Iterator[str]:
    return (layer_page(name) for name in atlas.layers)


def _panels(atlas: Atlas) -> Iterator[str]:
    return (
        panels_script(name, shard)
        for name, layer in atlas.layers.items()
        for shard in shards(layer, PANELS_A_SHARD)
    )


PAGE = Page("/layer/{folder}/", _write, _addresses)
PANELS = Page("/layer/{folder}/panels/{shard:int}.js", _write_panels, _panels, media="text/javascript")
