"""The network as a graph: blocks that open in place, and the same as a table."""

from convscope.explorer.addresses import layer_page
from convscope.explorer.network import amount, asides, blocks, total
from convscope.explorer.network_drawing import drawing
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    here, found = site.here(1), blocks(site.atlas)
    links = {name: here.page(layer_page(name)) for name in site.atlas.layers}
    return site.render(
        "network.html", 1, blocks=found, amount=amount, total=total, links=links, kept=site.atlas.graph is not None,
        drawing=lambda block: drawing(block, links), asides=lambda block: asides(block, found),
        opened=asked.query.get("open", "").split(","), find=asked.query.get("find", ""),
    )  # fmt: skip


PAGE = Page("/network/", _write, only("network/"), nav="Network")
