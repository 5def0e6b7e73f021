"""The lab of the receptive field: what the middle cell of every layer sees of a real photograph."""

from dataclasses import dataclass
from math import prod

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.labs.crop import photographed
from convscope.plain.boxes import Box

Size = tuple[int, int]  # height and width


@dataclass(frozen=True, eq=False)
class Sees:
    """The middle cell (y, x) of a layer and its box, clipped to the photograph."""

    layer: AtlasLayer
    cell: tuple[int, int]
    box: Box


@dataclass(frozen=True, eq=False)
class FieldLab:
    """The layers of the network in running order; ``asked`` is the one that the question is about, ``right`` the answer that holds.

    ``beyond`` is the first layer whose field is larger than the picture, where there is one.
    """

    row: int | None
    sees: tuple[Sees, ...]
    asked: int
    answers: tuple[Size, ...]
    right: int
    beyond: AtlasLayer | None


def field_lab(atlas: Atlas) -> FieldLab | None:
    """None where no layer has a map of more than one cell."""
    layers, picture = list(atlas.layers.values()), (atlas.fit.height, atlas.fit.width)
    spatial = [layer for layer in layers if layer.shape[1] * layer.shape[2] > 1]
    if not spatial:
        return None
    # of a field that reaches beyond the picture two answers would hold: its own size, and all of the picture
    asked = next((layer for layer in reversed(spatial) if not _beyond(layer, picture)), spatial[-1])
    size, place = _within(asked.field.size, picture), photographed(atlas)
    answers = _answers(size, asked, picture)
    return FieldLab(
        None if place is None else atlas.chosen[place], tuple(map(_middle, layers)), layers.index(asked),
        answers, answers.index(size), next((layer for layer in spatial if _beyond(layer, picture)), None),
    )  # fmt: skip


def _middle(layer: AtlasLayer) -> Sees:
    y, x = layer.shape[1] // 2, layer.shape[2] // 2
    return Sees(layer, (y, x), layer.field.at(y, x))


def _beyond(layer: AtlasLayer, picture: Size) -> bool:
    return layer.field.size != _within(layer.field.size, picture)


def _within(size: Size, picture: Size) -> Size:
    return min(size[0], picture[0]), min(size[1], picture[1])


def _answers(size: Size, layer: AtlasLayer, picture: Size) -> tuple[Size, ...]:
    """Sizes in pixels: a kernel, a cell's share of the picture, the field, the picture; each once, in order."""
    share = -(-picture[0] // layer.shape[1]), -(-picture[1] // layer.shape[2])
    return tuple(sorted({_within((3, 3), picture), share, size, picture}, key=lambda one: (prod(one), one)))
