"""Why an image was called what it was: the debugging path, for every answer that is remembered."""

from collections.abc import Iterator
from pathlib import Path

from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.errors import UnknownName
from convscope.explorer import evidence
from convscope.explorer.addresses import has, why_pages
from convscope.explorer.gallery import wrong
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site
from convscope.plain.why import RULE, Why

SHOWN = 60  # misread images on the index


def _write(site: Site, asked: Asked) -> str:
    row = _row(site.atlas, asked)
    known = [pair for pair in site.atlas.whys() if pair[0] == row]
    return _one(site, row, known[0][1], 3) if known else _unasked(site, row)


def _write_other(site: Site, asked: Asked) -> str:
    row, against = _row(site.atlas, asked), asked.path["against"]
    if (row, against) not in site.atlas.whys():
        known = [str(other) for place, other in site.atlas.whys() if place == row]
        raise UnknownName("why against class", against, known)
    return _one(site, row, against, 4)


def _one(site: Site, row: int, against: int, depth: int) -> str:
    why = site.atlas.why(row, against)
    assert why is not None  # it is among atlas.whys()
    others = {
        address: pair[1] for address, pair in why_pages(site.atlas).items() if pair[0] == row and pair[1] != against
    }  # fmt: skip
    return site.render(
        "why.html", depth, why=why, row=row, photo=_photo(site.atlas, row), others=others,
        view=evidence.view(site.atlas, why), rule=RULE, misread=misread_ids(site.atlas, why),
    )  # fmt: skip


def misread_ids(atlas: Atlas, why: Why) -> list[str]:
    """Ids of all images that were misread in the same way."""
    predicted, against = atlas.classes.index(why.predicted), why.against_index
    same = (atlas.truth == against) & (atlas.images.predicted == predicted)
    return [atlas.images.ids[row] for row in same.nonzero()[0]]


def _unasked(site: Site, row: int) -> str:
    return site.render(
        "why-not.html", 3, row=row, photo=_photo(site.atlas, row), wrong=wrong(site.atlas)[row]
    )


def _write_index(site: Site, asked: Asked) -> str:
    known = {address: site.atlas.why(*pair) for address, pair in why_pages(site.atlas).items()}
    rows = {why.row for why in known.values() if why}
    open_ = [row for row in wrong(site.atlas).nonzero()[0].tolist() if row not in rows]
    return site.render("whys.html", 1, known=known, unasked=open_[:SHOWN], unasked_count=len(open_))


def _row(atlas: Atlas, asked: Asked) -> int:
    row = asked.path["row"]
    if row >= len(atlas.images):
        raise UnknownName("image", row, (), f"This atlas has rows 0 to {len(atlas.images) - 1}.")
    return row


def _photo(atlas: Atlas, row: int) -> Path | None:
    photo = layout.photo_file(Path(), row)
    return photo if has(atlas, photo) else None


def _addresses(atlas: Atlas) -> Iterator[str]:
    return (address for address in why_pages(atlas) if address.endswith("/why/"))


def _others(atlas: Atlas) -> Iterator[str]:
    return (address for address in why_pages(atlas) if not address.endswith("/why/"))


PAGE = Page("/image/{row:int}/why/", _write, _addresses)
OTHER = Page("/image/{row:int}/why/{against:int}/", _write_other, _others)
INDEX = Page("/why/", _write_index, only("why/"))
