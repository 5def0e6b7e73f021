"""Every channel of the atlas as one table that can be asked: the first rows are here, all columns come as a script."""

from itertools import islice

from convscope.explorer.addresses import CHANNELS_A_SHARD
from convscope.explorer.columns import channel_text, listed_channels
from convscope.explorer.excerpt import channels_in
from convscope.explorer.packed import packed_text
from convscope.explorer.page import Page, only
from convscope.explorer.pages.likeness import knows_likeness
from convscope.explorer.site import Asked, Site

SCRIPT_ADDRESS = "search/channels.js"
ROWS = 30  # about what a window shows; find.js brings the rest


def _write(site: Site, asked: Asked) -> str:
    layers = list(site.atlas.layers.values())
    count = sum(len(channels_in(site.atlas, layer.name)) for layer in layers)
    rows = list(islice(listed_channels(site.atlas), ROWS))
    blank = {name: f"{{{name}}}" for name in rows[0]}
    return site.render(
        "search.html", 1, count=f"{count:,}", example=layers[-1].name, rows=rows, blank=blank,
        shards=CHANNELS_A_SHARD, alike=any(knows_likeness(site.atlas, layer) for layer in layers),
    )  # fmt: skip


def _write_script(site: Site, asked: Asked) -> str:
    return packed_text(SCRIPT_ADDRESS, channel_text(site.atlas, site.atlas.layers.values()), level=4)


PAGE = Page("/search/", _write, only("search/"), nav="Search")
SCRIPT = Page(f"/{SCRIPT_ADDRESS}", _write_script, only(SCRIPT_ADDRESS), media="text/javascript")
