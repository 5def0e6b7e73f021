"""All images of the atlas in groups, some hundred a page."""

from collections.abc import Iterator

from convscope.atlas.picture import uploads
from convscope.atlas.read import Atlas
from convscope.atlas.stack import stacked
from convscope.errors import UnknownName
from convscope.explorer.addresses import CHANNELS_A_SHARD, gallery_page, layer_page, shards
from convscope.explorer.columns import image_columns
from convscope.explorer.fires import KEPT, fires
from convscope.explorer.gallery import groups, wrong
from convscope.explorer.packed import packed
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site

SCRIPT_ADDRESS = "images/rows.js"


def _write(site: Site, asked: Asked) -> str:
    return _one(site, "all", 1)


def _write_group(site: Site, asked: Asked) -> str:
    return _one(site, asked.path["group"], asked.path["number"])


def _one(site: Site, group: str, number: int) -> str:
    every = groups(site.atlas)
    if group not in every:
        raise UnknownName("group of images", group, every)
    chosen = {row: place for place, row in enumerate(site.atlas.chosen)}
    return site.render(
        "images.html", gallery_page(group, number).count("/"), group=every[group], groups=every,
        number=number, rows=every[group].page(number).tolist(), wrong=wrong(site.atlas), chosen=chosen,
        stacked={picture.row for picture in stacked(site.atlas)} | set(site.photographs()), mine=list(uploads(site.atlas)),
        example=f"{list(site.atlas.layers)[-1]}:0", kept=KEPT,
    )  # fmt: skip


def _addresses(atlas: Atlas) -> Iterator[str]:
    for group in groups(atlas).values():
        yield from (gallery_page(group.key, number + 1) for number in range(group.pages))


def _further(atlas: Atlas) -> Iterator[str]:
    return (address for address in _addresses(atlas) if address != "images/")


def fires_script(layer: str, shard: int) -> str:
    return f"{layer_page(layer)}fires/{shard:03d}.js"


def _write_fires(site: Site, asked: Asked) -> str:
    """Which images fire each of some channels."""
    layer, shard = site.layer(asked.path["folder"]), asked.path["shard"]
    if shard not in shards(layer):
        raise UnknownName("shard of channels", shard, map(str, shards(layer)))
    first = shard * CHANNELS_A_SHARD
    return packed(
        fires_script(layer.name, shard),
        fires(site.atlas, layer, range(first, min(first + CHANNELS_A_SHARD, layer.channels))),
    )


def _fires(atlas: Atlas) -> Iterator[str]:
    return (fires_script(name, shard) for name, layer in atlas.layers.items() for shard in shards(layer))


def _write_script(site: Site, asked: Asked) -> str:
    return packed(SCRIPT_ADDRESS, image_columns(site.atlas))


PAGE = Page("/images/", _write, only("images/"), nav="Images")
GROUP = Page("/images/{group}/{number:int}/", _write_group, _further)
SCRIPT = Page(f"/{SCRIPT_ADDRESS}", _write_script, only(SCRIPT_ADDRESS), media="text/javascript")
FIRES = Page("/layer/{folder}/fires/{shard:int}.js", _write_fires, _fires, media="text/javascript")
