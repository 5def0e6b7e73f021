"""One picture through every layer, and what the lenses made of it; its numbers as a script, its maps as pictures."""

from collections.abc import Iterator
from pathlib import Path

from convscope.atlas import layout
from convscope.atlas.picture import Picture, find_picture
from convscope.atlas.read import Atlas
from convscope.atlas.stack import MAPS, answered, read_stack, stacked
from convscope.errors import UnknownName
from convscope.explorer.addresses import has, image_page
from convscope.explorer.page import Page
from convscope.explorer.site import Asked, Site
from convscope.explorer.stack import BOARDS, board, drawn, ramps, rows, script
from convscope.plain.boxes import Box


def _write(site: Site, asked: Asked) -> str:
    picture = find_picture(site.atlas, asked.path["key"])
    stack = read_stack(site.atlas, picture)
    unit = asked.query.get("unit")
    found = {lens: stack.answer(lens, unit) or stack.answer(lens) for lens in BOARDS} if stack else {}
    return site.render(
        "stack.html", 2, picture=picture, stack=stack, rows=rows(site.atlas, picture, stack),
        boards={lens: each and board(picture, each) for lens, each in found.items()}, photo=_photo(picture),
        chosen=site.photographs(), whole=Box(0, 0, 0, 0), ramps=ramps(),
        asked_why=picture.row in {row for row, _ in site.atlas.whys()},
    )  # fmt: skip


def _photo(picture: Picture) -> Path | None:
    """The address of the photograph; None where there is none."""
    if not picture.photo.is_file():
        return None
    return (
        layout.photo_file(Path(), picture.row)
        if picture.row is not None
        else Path(image_page(picture.key), "photo.png")
    )


def _write_script(site: Site, asked: Asked) -> str:
    return script(site.atlas, _with_stack(site, asked))


def _write_maps(site: Site, asked: Asked) -> bytes:
    return (_with_stack(site, asked).folder / MAPS).read_bytes()


def _write_answer(site: Site, asked: Asked) -> bytes:
    picture = _with_stack(site, asked)
    stack = read_stack(site.atlas, picture)
    known = {found.key for found in stack.answers} if stack else set()
    if asked.path["answer"] not in known:
        raise UnknownName("map of this picture", asked.path["answer"], known)
    return drawn(answered(picture, asked.path["answer"]))


def _write_upload(site: Site, asked: Asked) -> bytes:
    return find_picture(site.atlas, asked.path["key"]).photo.read_bytes()


def _with_stack(site: Site, asked: Asked) -> Picture:
    picture = find_picture(site.atlas, asked.path["key"])
    if read_stack(site.atlas, picture) is None:
        raise UnknownName("stack", picture.key, (), f"`convscope stack RUN {picture.key}` makes it.")
    return picture


def _addresses(atlas: Atlas) -> Iterator[str]:
    """Of surveyed images only: what was dropped in is nobody else's business."""
    shown = [str(row) for row in atlas.chosen if has(atlas, layout.photo_file(Path(), row))]
    keys = {*shown, *(picture.key for picture in stacked(atlas))}
    return (image_page(key) for key in sorted(keys, key=int))


def _scripts(atlas: Atlas) -> Iterator[str]:
    return (f"{image_page(picture.key)}stack.js" for picture in stacked(atlas))


def _maps(atlas: Atlas) -> Iterator[str]:
    return (f"{image_page(picture.key)}{MAPS}" for picture in stacked(atlas))


def _answers(atlas: Atlas) -> Iterator[str]:
    for picture in stacked(atlas):
        stack = read_stack(atlas, picture)
        yield from (f"{image_page(picture.key)}{found.key}.png" for found in (stack.answers if stack else ()))


PAGES = (
    Page("/image/{key}/", _write, _addresses),
    Page("/image/{key}/stack.js", _write_script, _scripts, media="text/javascript"),
    Page("/image/{key}/maps.png", _write_maps, _maps, media="image/png"),
    Page("/image/{key}/photo.png", _write_upload, lambda atlas: (), media="image/png"),
    Page("/image/{key}/{answer}.png", _write_answer, _answers, media="image/png"),
)
