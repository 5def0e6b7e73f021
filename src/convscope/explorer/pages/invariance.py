"""What moving, enlarging and turning a picture does: the curves of the paper's figure 5 for this network."""

from pathlib import Path

from convscope.atlas import layout
from convscope.atlas.moves import read_invariance
from convscope.explorer.addresses import has
from convscope.explorer.moves import columns
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site


def _write(site: Site, asked: Asked) -> str:
    moves, model = read_invariance(site.atlas), site.atlas.manifest["model"]
    if moves is None:
        return site.render("invariance.html", 1, moves=None)
    first, last = moves.layers[0], _last(moves.layers, model["output"])
    photos = {row: layout.photo_file(Path(), row) for row in moves.rows}
    return site.render(
        "invariance.html", 1, moves=moves, first=first, last=last,
        columns=columns(moves, first, last, model["height"], model["width"]),
        photos={row: path for row, path in photos.items() if has(site.atlas, path)},
    )  # fmt: skip


def _last(layers: list[str], output: str) -> str:
    """The last layer before the class scores, as the paper's layer 7 is; of a network of one layer the scores."""
    hidden = [name for name in layers if name != output]
    return hidden[-1] if len(hidden) > 1 else layers[-1]


PAGE = Page("/invariance/", _write, only("invariance/"))
