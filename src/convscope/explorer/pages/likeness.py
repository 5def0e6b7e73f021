"""How alike the channels of a layer are, as scripts: what sorting by similarity to a pinned channel goes by."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import UnknownName
from convscope.explorer.addresses import CHANNELS_A_SHARD, has, likeness_script, shards
from convscope.explorer.excerpt import channels_in, is_in
from convscope.explorer.packed import packed
from convscope.explorer.page import Page
from convscope.explorer.site import Asked, Site

MOST = 1024  # channels of a layer: all pairs of 4,096 would be 40 MB in a published atlas


def knows_likeness(atlas: Atlas, layer: AtlasLayer) -> bool:
    """Whether the strongest activations over the sample of images were kept, of no more than ``MOST`` channels."""
    return layer.channels <= MOST and has(atlas, layout.peaks_file(Path(), layer.name))


def _write(site: Site, asked: Asked) -> str:
    """For some channels each, thousandths of their correlation with every channel of the layer that is shown."""
    atlas, layer, shard = site.atlas, site.layer(asked.path["folder"]), asked.path["shard"]
    if not knows_likeness(atlas, layer):
        known = [name for name, one in atlas.layers.items() if knows_likeness(atlas, one)]
        raise UnknownName("layer with similarities", layer.name, known)
    if shard not in shards(layer):
        raise UnknownName("shard of similarities", shard, map(str, shards(layer)))
    first = shard * CHANNELS_A_SHARD
    some = range(first, min(first + CHANNELS_A_SHARD, layer.channels))
    alike = [
        _thousandths(atlas, layer, channel) if is_in(atlas, layer.name, channel) else [] for channel in some
    ]
    return packed(likeness_script(layer.name, shard), alike)


def _thousandths(atlas: Atlas, layer: AtlasLayer, channel: int) -> list[int]:
    found, similarity = atlas.neighbours(layer.name, channel, count=layer.channels), np.ones(layer.channels)
    similarity[found["channel"]] = found["similarity"]
    return np.rint(1000 * similarity[channels_in(atlas, layer.name)]).astype(int).tolist()


def _addresses(atlas: Atlas) -> Iterator[str]:
    known = (layer for layer in atlas.layers.values() if knows_likeness(atlas, layer))
    return (likeness_script(layer.name, shard) for layer in known for shard in shards(layer))


PAGE = Page("/layer/{folder}/like/{shard:int}.js", _write, _addresses, media="text/javascript")
