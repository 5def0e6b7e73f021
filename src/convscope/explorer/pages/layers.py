"""Every layer in running order, with a few channels each."""

from convscope.atlas.read import AtlasLayer
from convscope.explorer.channels import Place, place_of
from convscope.explorer.excerpt import channels_in
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site

TEASERS = 6  # channels shown beside each layer


def _write(site: Site, asked: Asked) -> str:
    def dead(layer: AtlasLayer) -> int:
        return int(site.atlas.channels(layer.name)["dead"].sum())

    def teasers(layer: AtlasLayer) -> list[Place]:
        return [place_of(channel) for channel in channels_in(site.atlas, layer.name)[:TEASERS].tolist()]

    return site.render("layers.html", 1, dead=dead, teasers=teasers)


PAGE = Page("/layer/", _write, only("layer/"), nav="Layers")
