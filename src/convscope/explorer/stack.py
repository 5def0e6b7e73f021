"""What the page of one picture shows: windows on the maps of each layer, and the maps that lenses made of it."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.picture import Picture
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.atlas.sight import NONE, cells, has_loupe, sight
from convscope.atlas.stack import MAPS, Answer, Stack, answered, maps_size, places, read_stack
from convscope.explorer.addresses import image_page
from convscope.explorer.packed import packed
from convscope.plain.boxes import Box
from convscope.plain.colour import diverging
from convscope.plain.names import escape
from convscope.plain.pixelmap import PixelMap
from convscope.plain.ramp import colours
from convscope.plain.render import encode, full_scale, signed, unsigned

SHOWN = 8  # maps of a layer
BOARDS = ("deconvnet", "occlusion", "gradcam")  # what stands beside the photograph


@dataclass(frozen=True)
class Window:
    """One map: where it lies on the picture of many, its channel, and its strongest activation where known."""

    channel: int
    box: Box
    peak: float | None
    share: float


@dataclass(frozen=True)
class Row:
    """The maps of one layer, all on one picture of ``size`` (width, height) at the address ``source``."""

    layer: AtlasLayer
    source: str
    size: tuple[int, int]
    windows: tuple[Window, ...]


def rows(atlas: Atlas, picture: Picture, stack: Stack | None) -> list[Row]:
    """One row a layer: of the stack, or, where none was made, what the Loupe has of a chosen image."""
    if stack is not None:
        return list(_of_stack(atlas, picture, stack))
    return list(_of_loupe(atlas, atlas.chosen.index(picture.row))) if picture.row in atlas.chosen else []


def _of_stack(atlas: Atlas, picture: Picture, stack: Stack) -> Iterator[Row]:
    size = maps_size(picture)
    for entry, top in zip(stack.layers, places(atlas, stack), strict=True):
        layer = atlas.layers[entry.name]
        _, height, width = layer.shape
        windows = tuple(
            Window(channel, Box(place * width, top, (place + 1) * width, top + height), peak, max(peak, 0) / white if white > 0 else 0)
            for place, (channel, peak, white) in enumerate(zip(entry.channels, entry.peaks, entry.tops, strict=True))
        )  # fmt: skip
        yield Row(layer, f"{image_page(picture.key)}{MAPS}", size, windows)


def _of_loupe(atlas: Atlas, chosen: int) -> Iterator[Row]:
    for layer in atlas.layers.values():
        path = layout.loupe_maps_file(Path(), layer.name, chosen)
        if not has_loupe(atlas, layer.name) or not (atlas.path / path).is_file():
            continue
        seen = sight(atlas, chosen, layer.name)
        present = np.setdiff1d(seen.channel, [NONE])
        best = [float(seen.score[seen.channel == channel].max()) for channel in present]
        height, width = layer.shape[1:]
        order = np.argsort(-np.array(best), kind="stable")[:SHOWN]
        windows = tuple(
            Window(int(present[place]), Box(0, place * height, width, (place + 1) * height), None, min(best[place], 1))
            for place in order.tolist()
        )  # fmt: skip
        with Image.open(atlas.path / path) as picture:
            yield Row(layer, path.as_posix(), picture.size, windows)


@dataclass(frozen=True)
class Board:
    """A map that a lens made of the picture: its address, what it is of, and the numbers of its legend."""

    lens: str
    unit: str
    source: str
    scale: float
    is_signed: bool
    seen: PixelMap

    @property
    def words(self) -> str:
        """What was seen, and how it is scaled."""
        return f"{self.seen.caption} Full colour is {self.scale:.3g}."


def board(picture: Picture, found: Answer) -> Board:
    """One remembered map, drawn grey or, with three channels, in its colours; raises BadAtlas."""
    seen = answered(picture, found.key)
    return Board(found.lens, found.unit, f"{image_page(picture.key)}{found.key}.png", *_scaling(seen), seen)


def _scaling(seen: PixelMap) -> tuple[float, bool]:
    """(what is drawn as full colour, whether zero is in the middle)."""
    return full_scale(seen.array), bool(seen.array.shape[2] > 1 or seen.array.min(initial=0) < 0)


def drawn(seen: PixelMap) -> bytes:
    """A map as PNG: signed around mid-grey, or from zero up."""
    scale, is_signed = _scaling(seen)
    if not is_signed:
        return encode(unsigned(seen.array[:, :, 0], scale))
    pixels = signed(seen.array, scale).pixels
    return encode(pixels if seen.array.shape[2] > 1 else pixels[:, :, 0])


def ramps() -> dict[str, list[str]]:
    """Filters that colour grey maps, by name: for red, green and blue the levels 0 to 1 of equally spaced greys."""
    tables = {
        "positive": colours("positive")[np.linspace(0, 255, 17).round().astype(int)],
        "signed": diverging(dark=False),
        "signed-dark": diverging(dark=True),
    }
    return {
        name: [" ".join(f"{level / 255:.3g}" for level in band) for band in table.T]
        for name, table in tables.items()
    }


def script(atlas: Atlas, picture: Picture) -> str:
    """Geometry, maps and numbers of a stack as a script of data."""
    stack = read_stack(atlas, picture)
    assert stack is not None
    height, width = atlas.fit.height, atlas.fit.width
    data = {
        "height": height,
        "width": width,
        "pixels": _inline((picture.folder / MAPS).read_bytes()),
        "layers": [
            _layer(atlas.layers[entry.name], top, entry.tops, height, width)
            for entry, top in zip(stack.layers, places(atlas, stack), strict=True)
        ],
        "boards": [_numbers(board(picture, found)) for found in stack.answers],
    }
    return packed(f"{image_page(picture.key)}stack.js", data)


def _layer(layer: AtlasLayer, top: int, tops: tuple[float, ...], height: int, width: int) -> dict[str, Any]:
    grid = cells(layer, height, width)
    return {
        "name": layer.name, "folder": escape(layer.name), "top": top, "steps": [white / 255 for white in tops],
        "height": layer.shape[1], "width": layer.shape[2],
        "cell": [grid.left, grid.top, grid.width, grid.height],
        "rows": layer.field.rows.tolist(), "columns": layer.field.columns.tolist(),
    }  # fmt: skip


def _numbers(one: Board) -> dict[str, Any]:
    plain = one.lens in BOARDS[1:]  # numbers of a projection are of three colours
    about = {
        "lens": one.lens,
        "unit": one.unit,
        "source": one.source,
        "zero": 128 if one.is_signed else 0,
        "step": one.scale / (127 if one.is_signed else 255),
    }
    return about | {"words": one.words, "pixels": _inline(drawn(one.seen)) if plain else None}


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
