"""Where the small pictures are that a panel shows about a channel: of its winners, of ordinary answers, of channels alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.atlas import layout
from convscope.atlas.context import box_of, examples, size_of
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.addresses import has
from convscope.explorer.excerpt import shows_images
from convscope.plain.boxes import Box


@dataclass(frozen=True)
class Window:
    """A part of a picture of the atlas: its address, its width and height, and the part, in pixels."""

    picture: Path
    width: int
    height: int
    part: Box


class Around:
    """The pictures about one channel, all in one file."""

    def __init__(self, layer: AtlasLayer, channel: int, numbers: Mapping[str, np.ndarray]):
        self.picture = layout.context_file(Path(), layer.name, channel)
        self.size = size_of(numbers)
        self.near, self.examples = numbers["neighbour"][channel].tolist(), examples(numbers)

    def whole(self, rank: int, row: int) -> Window | None:
        """The whole image of a winner, which is that of ``row``."""
        return Window(self.picture, *self.size, box_of("whole", rank))

    def ordinary(self, quantile: int) -> Window | None:
        """The examples of a quantile."""
        many = layout.QUANTILE_EXAMPLES
        return Window(self.picture, *self.size, box_of("ordinary", quantile * many, many))

    def alike(self, channel: int) -> Window | None:
        """The strongest patches of another channel of the layer."""
        if channel not in self.near:
            return None
        place = self.near.index(channel) * self.examples
        return Window(self.picture, *self.size, box_of("alike", place, self.examples))


class AroundOlder:
    """The same in an older atlas, in files of their own, or on sheets of thumbnails."""

    def __init__(self, atlas: Atlas, layer: AtlasLayer, channel: int):
        self.atlas, self.layer, self.channel = atlas, layer, channel

    def whole(self, rank: int, row: int) -> Window | None:
        """The whole image of a winner, which is that of ``row``."""
        picture, side = layout.sources_file(Path(), self.layer.name, self.channel), layout.THUMB
        if has(self.atlas, picture):
            return Window(picture, side * self.layer.k, side, _tiles(rank, 0, side))
        sheet, within = divmod(row, layout.THUMBS_A_SHEET)
        y, x = divmod(within, layout.THUMBS_ACROSS)
        edge = side * layout.THUMBS_ACROSS
        return Window(layout.thumbs_file(Path(), sheet), edge, edge, _tiles(x, y, side))

    def ordinary(self, quantile: int) -> Window | None:
        """The examples of a quantile; None where none are kept."""
        picture = layout.quantiles_file(Path(), self.layer.name, self.channel)
        if not has(self.atlas, picture):
            return None
        many, side = layout.QUANTILE_EXAMPLES, layout.QUANTILE_TILE
        shares = len(self.atlas.manifest["survey"].get("quantiles", ()))
        return Window(picture, side * many * shares, side, _tiles(quantile * many, 0, side, many))

    def alike(self, channel: int) -> Window | None:
        """The strongest patches of another channel of the layer."""
        picture, side = layout.strip_file(Path(), self.layer.name, channel), self.layer.tile
        if not has(self.atlas, picture):
            return None
        many = min(layout.NEIGHBOUR_EXAMPLES, self.layer.k)
        row = 0 if shows_images(self.atlas) else 1
        return Window(picture, side * self.layer.k, side * 2, _tiles(0, row, side, many))


def around(atlas: Atlas, layer: AtlasLayer, channel: int) -> Around | AroundOlder:
    """Where the pictures about a channel are in this atlas."""
    numbers = atlas.numbers(layer.name)
    if "neighbour" in numbers and has(atlas, layout.context_file(Path(), layer.name, channel)):
        return Around(layer, channel, numbers)
    return AroundOlder(atlas, layer, channel)


def _tiles(x: int, y: int, side: int, many: int = 1) -> Box:
    return Box(x * side, y * side, (x + many) * side, (y + 1) * side)
