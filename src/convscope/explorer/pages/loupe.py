"""The Loupe: move over a photograph and see which channels answer there; its arrays as scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.atlas.sight import Opening, has_loupe, opening
from convscope.errors import UnknownName
from convscope.explorer import channels, charts
from convscope.explorer.addresses import loupe_script
from convscope.explorer.excerpt import channels_in, kept_of
from convscope.explorer.loupe import script
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site
from convscope.plain.names import escape


def _write(site: Site, asked: Asked) -> str:
    atlas, first = site.atlas, opening(site.atlas)
    ready = [layer for layer in atlas.layers.values() if has_loupe(atlas, layer.name)]
    config = first and _config(atlas, first, ready)
    filler = (
        int(channels_in(atlas, first.sight.layer.name)[0]) if first else 0
    )  # drawn pale where nothing answers
    return site.render(
        "loupe.html", 0, opening=first, layers=ready, chosen=site.photographs(), config=config, filler=filler,
    )  # fmt: skip


def _write_script(site: Site, asked: Asked) -> str:
    chosen = asked.path["chosen"]
    if chosen not in range(len(site.atlas.chosen)):
        raise UnknownName("chosen image", chosen, map(str, range(len(site.atlas.chosen))))
    return script(site.atlas, chosen, site.layer(asked.path["folder"]).name)


def _config(atlas: Atlas, first: Opening, layers: list[AtlasLayer]) -> dict[str, Any]:
    model = atlas.manifest["model"]
    grid = first.sight.cells
    points = [grid.centre(y, x) for y, x in first.waypoints]
    return {
        "height": model["height"],
        "width": model["width"],
        "images": [_image(atlas, row) for row in atlas.chosen],
        "layers": [_layer(atlas, layer) for layer in layers],
        "image": first.chosen,
        "layer": first.sight.layer.name,
        "none": f"no further {'published ' if kept_of(atlas) else ''}channel answers here",
        "tour": [[x / model["width"], y / model["height"]] for x, y in points],
    }


def _image(atlas: Atlas, row: int) -> dict[str, Any]:
    images, named = atlas.images, int(atlas.images.predicted[row])
    return {
        "row": row,
        "id": images.ids[row],
        "photo": layout.photo_file(Path(), row).as_posix(),
        "predicted": channels.class_name(atlas, named),
        "probability": charts.percent(float(images.probability[row])) if named >= 0 else "",
        "label": channels.label_name(atlas, int(images.labels[row]), "") if named >= 0 else "",
        "right": bool(images.predicted[row] == atlas.truth[row]),
    }


def _layer(atlas: Atlas, layer: AtlasLayer) -> dict[str, Any]:
    some = channels_in(atlas, layer.name).tolist() if kept_of(atlas) else None
    return {
        "some": some,
        "name": layer.name,
        "folder": escape(layer.name),
        "channels": layer.channels,
        "height": layer.shape[1],
        "width": layer.shape[2],
    }


def _scripts(atlas: Atlas) -> Iterator[str]:
    return (
        loupe_script(chosen, name)
        for name in atlas.layers
        if has_loupe(atlas, name)
        for chosen in range(len(atlas.chosen))
    )


PAGE = Page("/", _write, only(""), nav="Loupe")
SCRIPT = Page("/loupe/{chosen:int}/{folder}.js", _write_script, _scripts, media="text/javascript")
