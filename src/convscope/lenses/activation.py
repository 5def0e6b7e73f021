"""The activation map itself, each number where it was seen."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from convscope.errors import Unanswerable
from convscope.lenses.look import aim, picture_of, validity_of, whole_input
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class ActivationMap:
    """The whole map of the unit's channel, each pixel taking the position whose field centre is nearest.

    A number stands for all that its position can see, which is often far more than its cell.

    >>> cs.look(model, photo, "conv3:5", cs.ActivationMap())  # doctest: +SKIP
    """

    name: ClassVar[str] = "activation"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "activation"
    does_not_show: ClassVar[str] = (
        "It shows where the channel is active, not what in the picture made it so: each cell stands for a "
        "receptive field that is often far larger."
    )

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one channel on one image; raises Unanswerable for a layer without positions."""
        target = aim(model, unit, image)
        layer = target.layer
        if layer.height * layer.width == 1:
            raise Unanswerable(
                f"{unit} of {model.name} is one number, {target.value:.4g}, not a map: "
                "choose a layer with positions"
            )
        grid = self.grid(model, unit, image)
        rows = nearest(centres(layer, 0, model.fit.height), model.fit.height)
        columns = nearest(centres(layer, 1, model.fit.width), model.fit.width)
        size, stride, start = layer.field.size, layer.field.stride, layer.field.start
        where = (
            f"cell (y, x) is centred at pixel ({start[0] + size[0] / 2:g} + {stride[0]} y, {start[1] + size[1] / 2:g} + {stride[1]} x)"
            if start and stride
            else "cells tile the input evenly: these fields follow no single formula"
        )
        what = f"activation map of {layer.height} x {layer.width} cells, nearest,"
        validity = validity_of(
            f"activation map: read, not computed; {where}, and stands for a field of {size[0]} x {size[1]}"
        )
        return picture_of(
            target, grid[np.ix_(rows, columns)][:, :, None], self.units, what, validity,
            box=whole_input(model), drawn_over=True,
        )  # fmt: skip

    def grid(self, model: Any, unit: Unit, image: Any) -> np.ndarray:
        """The map as the network made it, float32 ``[height, width]`` of the layer."""
        from convscope.model.measure import measure

        layer = model.check(unit)

        def own(output: Any) -> Any:
            return output[:, unit.channel].reshape(len(output), layer.height, layer.width).clone()

        return measure(model, [model.preprocess(image)[None]], {unit.layer: own})[unit.layer][0].cpu().numpy()


def centres(layer: Any, axis: int, extent: int) -> np.ndarray:
    """Where the fields of the positions along one axis are centred, in input pixels."""
    count = (layer.height, layer.width)[axis]
    if layer.field.start is None or layer.field.stride is None:
        return (np.arange(count) + 0.5) * extent / count
    return layer.field.start[axis] + np.arange(count) * layer.field.stride[axis] + layer.field.size[axis] / 2


def nearest(places: np.ndarray, extent: int) -> np.ndarray:
    """For every pixel the index of the nearest place; the first of two equally near."""
    return np.abs(np.arange(extent)[:, None] + 0.5 - places[None]).argmin(1)
