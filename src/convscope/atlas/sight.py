"""What the Loupe sees: where the cells of a layer lie on the image, who answers there, and which view opens it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.errors import BadAtlas
from convscope.plain.boxes import Box

DEEP = 0.8  # the opening layer is the last whose field is smaller than this share of the image
WAYPOINTS = 3
NONE = 65535  # stands where fewer than three channels answer


def has_loupe(atlas: Atlas, layer: str) -> bool:
    """Whether it is known which channels answer where in the chosen images."""
    return bool(atlas.chosen) and layout.loupe_file(atlas.path, layer).is_file()


@dataclass(frozen=True)
class Cells:
    """The regular grid that a layer's positions draw on the image, in input pixels."""

    left: float
    top: float
    width: float
    height: float

    def centre(self, y: int, x: int) -> tuple[float, float]:
        """(x, y) in input pixels."""
        return self.left + (x + 0.5) * self.width, self.top + (y + 0.5) * self.height


def cells(layer: AtlasLayer, height: int, width: int) -> Cells:
    """One cell a position: its stride wide and centred in its receptive field, so that a map lies true."""
    rows, columns = layer.shape[1:]
    field = layer.field
    if field.stride is None or field.start is None or rows * columns == 1:
        return Cells(0, 0, width / columns, height / rows)
    (down, across), (top, left), (tall, wide) = field.stride, field.start, field.size
    return Cells(left + (wide - across) / 2, top + (tall - down) / 2, across, down)


@dataclass(frozen=True, eq=False)
class Sight:
    """What the Loupe shows of one layer in one chosen image: ``channel`` and ``score``, ``[3, H, W]``."""

    layer: AtlasLayer
    channel: np.ndarray
    score: np.ndarray
    cells: Cells

    def box(self, y: int, x: int) -> Box:
        return self.layer.field.at(y, x)

    def cell(self, y: int, x: int) -> Box:
        left, top = self.cells.left + x * self.cells.width, self.cells.top + y * self.cells.height
        return Box(left, top, left + self.cells.width, top + self.cells.height)


def sight(atlas: Atlas, chosen: int, layer: str) -> Sight:
    """The arrays of one layer and the ``chosen``-th image; raises BadAtlas where they do not fit."""
    surveyed, arrays = atlas.layer(layer), atlas.loupe(layer)
    wanted = (len(atlas.chosen), 3, *surveyed.shape[1:])
    if not arrays["channel"].shape == arrays["score"].shape == wanted:
        shape = arrays["channel"].shape
        raise BadAtlas(f"the Loupe arrays of {layer!r} have shape {shape}, not {wanted}: survey again.")
    score = np.nan_to_num(arrays["score"][chosen].astype(np.float32), posinf=0, neginf=0)
    model = atlas.manifest["model"]
    grid = cells(surveyed, model["height"], model["width"])
    return Sight(surveyed, arrays["channel"][chosen].astype("<u2"), score, grid)


@dataclass(frozen=True, eq=False)
class Opening:
    """The first view: the chosen image, the layer and the cells to visit, the most striking first."""

    chosen: int
    sight: Sight
    waypoints: list[tuple[int, int]]

    @cached_property
    def channels(self) -> list[tuple[int | None, float]]:
        """Three times (channel, score) at the first cell; None where no further channel answers."""
        y, x = self.waypoints[0]
        found = zip(self.sight.channel[:, y, x].tolist(), self.sight.score[:, y, x].tolist(), strict=True)
        return [(None if channel == NONE else channel, score) for channel, score in found]


def opening(atlas: Atlas) -> Opening | None:
    """A deep layer at the spot where a channel answers most strongly; None without Loupe data."""
    ready = [layer for layer in atlas.layers.values() if has_loupe(atlas, layer.name)]
    if not ready:
        return None
    layer = _deep_layer(atlas, ready)
    seen = [sight(atlas, chosen, layer.name) for chosen in range(len(atlas.chosen))]
    best = max(_candidates(atlas), key=lambda chosen: seen[chosen].score[0].max())
    return Opening(best, seen[best], _waypoints(seen[best]))


def _deep_layer(atlas: Atlas, layers: list[AtlasLayer]) -> AtlasLayer:
    model = atlas.manifest["model"]
    limit = DEEP * min(model["height"], model["width"])
    spatial = [layer for layer in layers if layer.shape[1] * layer.shape[2] > 1]
    deep = [layer for layer in spatial if max(layer.field.size) < limit]
    return (deep or spatial[:1] or layers)[-1]


def _candidates(atlas: Atlas) -> list[int]:
    """Chosen images that the network names rightly, or all where there is none."""
    rows = np.array(atlas.chosen)
    right = np.flatnonzero(atlas.images.predicted[rows] == atlas.truth[rows])
    return right.tolist() or list(range(len(rows)))


def _waypoints(seen: Sight) -> list[tuple[int, int]]:
    """The strongest cells of different channels, a quarter of the map apart at least."""
    strongest = np.argsort(-seen.score[0], axis=None, kind="stable")
    apart = max(seen.score.shape[1:]) / 4
    points: list[tuple[int, int]] = []
    for flat in strongest:
        y, x = (int(index) for index in np.unravel_index(flat, seen.score[0].shape))
        if all(max(abs(y - row), abs(x - column)) >= apart for row, column in points):
            points.append((y, x))
        if len(points) == WAYPOINTS:
            break
    return points
