"""The lab of the receptive field: what the middle cell of every layer sees of a real photograph."""

from dataclasses import dataclass

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.labs.crop import photographed
from convscope.plain.boxes import Box


@dataclass(frozen=True, eq=False)
class Sees:
    """The middle cell (y, x) of a layer and its box, clipped to the photograph."""

    layer: AtlasLayer
    cell: tuple[int, int]
    box: Box


@dataclass(frozen=True, eq=False)
class FieldLab:
    """The layers of the network in running order; ``asked`` is the one that the question is about."""

    row: int | None
    sees: tuple[Sees, ...]
    asked: int
    answers: tuple[int, ...]

    @property
    def right(self) -> int:
        """Which of the answers holds."""
        return self.answers.index(max(self.sees[self.asked].layer.field.size))


def field_lab(atlas: Atlas) -> FieldLab | None:
    """None where no layer has a map of more than one cell."""
    spatial = [layer for layer in atlas.layers.values() if layer.shape[1] * layer.shape[2] > 1]
    if not spatial:
        return None
    sees = tuple(_middle(layer) for layer in atlas.layers.values())
    asked = list(atlas.layers.values()).index(spatial[-1])
    place = photographed(atlas)
    return FieldLab(None if place is None else atlas.chosen[place], sees, asked, _answers(atlas, spatial[-1]))


def _middle(layer: AtlasLayer) -> Sees:
    y, x = layer.shape[1] // 2, layer.shape[2] // 2
    return Sees(layer, (y, x), layer.field.at(y, x))


def _answers(atlas: Atlas, layer: AtlasLayer) -> tuple[int, ...]:
    """Sides in pixels: a kernel, a share of the picture, the field, the picture; each once, in order."""
    picture = max(atlas.manifest["model"]["height"], atlas.manifest["model"]["width"])
    share = -(-picture // max(layer.shape[1:]))
    return tuple(sorted({3, share, max(layer.field.size), picture}))
