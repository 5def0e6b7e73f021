"""What a network costs and how far it sees: the numbers that a catalogue lists."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.summary import summary
from convscope.plain.field import Field

Sight = int | Literal["all"] | None


@dataclass(frozen=True)
class Cost:
    """One row of numbers: ``input`` is (channels, height, width); multiply-adds are for one image of it.

    ``field`` is the receptive field of the last maps in pixels: "all" where every position sees the whole
    image by design (squeeze-excitation, attention), None where there are no maps.
    """

    parameters: int
    multiply_adds: int
    input: tuple[int, int, int]
    field: Sight

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the table on disk."""
        return asdict(self) | {"input": list(self.input)}


def cost_of(model: Model) -> Cost:
    """The numbers of a model, from one recorded forward pass; it may lie on the meta device.

    >>> cost_of(open_model("32c3 p2", input_size=8, classes=2)).field  # doctest: +SKIP
    4
    """
    table = summary(model)
    return Cost(model.parameters, table.multiply_adds, table.input, sight(last_maps(model), table.input))


def last_maps(model: Model) -> Layer | None:
    """The last layer that still has positions: more than one of them, in a map."""
    maps = [layer for layer in model.layers.values() if layer.height * layer.width > 1]
    return maps[-1] if maps else None


def sight(layer: Layer | None, size: tuple[int, int, int]) -> Sight:
    """How far a position of a layer sees in an input of ``size``."""
    if layer is None:
        return None
    return "all" if _covers(layer.field, size) else max(layer.field.size)


def _covers(field: Field, size: tuple[int, int, int]) -> bool:
    """Whether every position sees every pixel, by no window that slides."""
    whole = [
        (axis == (0, length)).all() for axis, length in ((field.rows, size[1]), (field.columns, size[2]))
    ]
    return field.stride is None and bool(np.all(whole))
