"""Every layer in running order, with a few channels each."""

from convscope.atlas.read import AtlasLayer
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site

TEASERS = 6  # channels shown beside each layer


def _write(site: Site, asked: Asked) -> str:
    def dead(layer: AtlasLayer) -> int:
        return int(site.atlas.channels(layer.name)["dead"].sum())

    return site.render("layers.html", 1, dead=dead, teasers=TEASERS)


PAGE = Page("/layer/", _write, only("layer/"), nav="Layers")
