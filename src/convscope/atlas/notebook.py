"""How an atlas shows itself in a notebook: a small Loupe that needs no server, and a picture for where nothing runs."""

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.atlas.sight import NONE, Opening, opening
from convscope.plain.render import encode

LARGEST = 200_000  # bytes of all that a cell of a notebook holds
ROOM = 175_000  # of them for the Loupe's arrays and pictures, as text
STRIP = (270, 60)  # pixels: nine tiles of 30 over nine
PHOTO = 256  # pixels of its longer side


def as_html(atlas: Atlas) -> str:
    """A sandboxed frame with everything in it, at most 200 KB; only words where there are no Loupe data."""
    first = _first(atlas)
    if first is None:
        return f"<p>{escape(repr(atlas))}</p>"
    page = escape(_page(atlas, first))
    if len(page) > LARGEST:  # the map of a very fine layer: its arrays alone fill the cell
        return f'<img src="data:image/png;base64,{b64encode(as_png(atlas) or b"").decode()}" alt="{escape(repr(atlas))}">'
    title = escape(f"Loupe of {atlas.manifest['model']['name']}")
    style = "width:100%;max-width:720px;height:420px;border:0"
    return f'<iframe sandbox="allow-scripts" title="{title}" style="{style}" srcdoc="{page}"></iframe>'


def as_png(atlas: Atlas) -> bytes | None:
    """The first view of the same as a PNG: the photograph, and the three channels at its most striking cell."""
    first = _first(atlas)
    if first is None:
        return None
    photo = _photo(atlas, first)
    strips = [_strip(atlas, first, channel) for channel, _ in first.channels if channel is not None]
    beside = [strip for strip in strips if strip]
    tall = max(photo.height, len(beside) * (STRIP[1] + 8))
    sheet = Image.new("RGB", (photo.width + 16 + STRIP[0], tall), "white")
    sheet.paste(_outlined(atlas, photo, first), (0, 0))
    for place, strip in enumerate(beside):
        sheet.paste(strip, (photo.width + 16, place * (STRIP[1] + 8)))
    return encode(np.asarray(sheet))


def _first(atlas: Atlas) -> Opening | None:
    """The view that opens; None also where its photograph is missing."""
    found = opening(atlas)
    return found if found and _photo_file(atlas, found).is_file() else None


def _page(atlas: Atlas, first: Opening) -> str:
    seen, row, model = first.sight, atlas.chosen[first.chosen], atlas.manifest["model"]
    field, grid = seen.layer.field, seen.cells
    data = {
        "cell": [grid.left, grid.top, grid.width, grid.height],
        "rows": field.rows.tolist(), "columns": field.columns.tolist(), "first": first.waypoints[0],
        "channel": seen.channel.tolist(), "score": seen.score.astype(float).round(2).tolist(),
    }  # fmt: skip
    photo = _as_address(_photo(atlas, first))
    strips = dict(_strips(atlas, first, ROOM - len(photo) - len(_as_script(data))))
    predicted = int(atlas.images.predicted[row])
    words = {
        "id": atlas.images.ids[row], "layer": seen.layer.name,
        "predicted": atlas.classes[predicted] if predicted >= 0 else "no class (one output)",
        "probability": f"{float(atlas.images.probability[row]):.0%}" if predicted >= 0 else "",
        "shown": str(len(strips)), "present": str(len(_by_frequency(seen.channel))),
        "width": str(model["width"]), "height": str(model["height"]),
        "photo": photo,
    }  # fmt: skip
    template = Template(files("convscope.atlas").joinpath("notebook.html").read_text("utf-8"))
    script = _as_script(data | {"strips": strips})
    return template.substitute({name: escape(word) for name, word in words.items()}, data=script)


def _as_script(data: dict[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def _strips(atlas: Atlas, first: Opening, left: int) -> Iterator[tuple[int, str]]:
    """Pictures of channels as addresses, those of the first view, then the most frequent, while there is room."""
    opened = [channel for channel, _ in first.channels if channel is not None]
    for channel in dict.fromkeys(opened + _by_frequency(first.sight.channel)):
        if strip := _strip(atlas, first, channel):
            address = _as_address(strip)
            left -= len(address)
            if left < 0:
                return
            yield channel, address


def _by_frequency(channel: np.ndarray) -> list[int]:
    present, count = np.unique(channel[channel != NONE], return_counts=True)
    return present[np.argsort(-count, kind="stable")].tolist()


def _strip(atlas: Atlas, first: Opening, channel: int) -> Image.Image | None:
    path = layout.strip_file(atlas.path, first.sight.layer.name, channel)
    return _open(path.read_bytes(), STRIP) if path.is_file() else None


def _photo(atlas: Atlas, first: Opening) -> Image.Image:
    model = atlas.manifest["model"]
    scale = PHOTO / max(model["width"], model["height"])
    size = round(model["width"] * scale), round(model["height"] * scale)
    return _open(_photo_file(atlas, first).read_bytes(), size)


def _open(data: bytes, size: tuple[int, int]) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        larger = size[0] > picture.width  # pixels of a small photograph stay squares
        method = Image.Resampling.NEAREST if larger else Image.Resampling.BOX
        return picture.convert("RGB").resize(size, method)


def _outlined(atlas: Atlas, photo: Image.Image, first: Opening) -> Image.Image:
    scale = photo.width / atlas.manifest["model"]["width"]
    box = [round(edge * scale) for edge in first.sight.box(*first.waypoints[0])]
    inside = [max(0, box[0]), max(0, box[1]), min(photo.width, box[2]) - 1, min(photo.height, box[3]) - 1]
    brush = ImageDraw.Draw(photo)
    brush.rectangle(inside, outline="black", width=4)
    brush.rectangle([inside[0] + 1, inside[1] + 1, inside[2] - 1, inside[3] - 1], outline="#ff9f1c", width=2)
    return photo


def _photo_file(atlas: Atlas, first: Opening) -> Path:
    return layout.photo_file(atlas.path, atlas.chosen[first.chosen])


def _as_address(picture: Image.Image) -> str:
    return f"data:image/jpeg;base64,{b64encode(encode(np.asarray(picture), 'JPEG', 60)).decode()}"
