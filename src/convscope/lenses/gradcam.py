"""Grad-CAM: the maps of a layer, each weighted by the mean gradient of the unit with respect to it."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from convscope.errors import BadSpec, Unanswerable
from convscope.lenses.look import Target, aim, picture_of, validity_of
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit

RESAMPLINGS = ("bilinear", "nearest")


@dataclass(frozen=True)
class GradCAM:
    """Maps of ``layer`` weighted by the unit's mean gradient, rectified, enlarged to the input (Selvaraju et al. 2017, arXiv 1610.02391, equations 1 and 2).

    Without ``layer`` the last map below the unit is taken that every way to the pixels passes, no mere branch.
    ``grid`` gives the map as coarse as it really is.

    >>> cs.look(model, photo, model.unit_of_class("tench"), cs.GradCAM())  # doctest: +SKIP
    """

    layer: str | None = None
    upsampling: str = "bilinear"

    name: ClassVar[str] = "gradcam"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "activation, to first order, per position of the layer"
    shares: ClassVar[bool] = True
    does_not_show: ClassVar[str] = (
        "It is as coarse as the layer it looks at, shows only what speaks for the unit, and one weight a map "
        "says nothing of where in a map the gradient was."
    )

    def __post_init__(self) -> None:
        if self.upsampling not in RESAMPLINGS:
            raise BadSpec(f"upsampling {self.upsampling!r}: choose {' or '.join(RESAMPLINGS)}")

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises Unanswerable where no layer below has positions."""
        target = aim(model, unit, image)
        layer = self._layer_below(target)
        grid = _weighted(target, layer)
        array = _enlarged(grid, model.fit.height, model.fit.width, self.upsampling)[:, :, None]
        rows, columns = grid.shape
        how = f"{rows} x {columns} cells of {layer} enlarged to the input, {self.upsampling}"
        limits = {}
        if target.dead:
            limits["dead"] = (
                "a rectifier holds the unit at zero here, no gradient leaves it, and the map is empty"
            )
        empty = "" if grid.any() or target.dead else "; nothing in this layer speaks for the unit here"
        validity = validity_of(f"Grad-CAM: {how}; cut to what the unit can see{empty}", limits)
        return picture_of(target, array, self.units, f"Grad-CAM ({how})", validity, drawn_over=True)

    def grid(self, model: Any, unit: Unit, image: Any) -> np.ndarray:
        """The map before it is enlarged, float32 ``[rows, columns]``, one number a position of the layer."""
        target = aim(model, unit, image)
        return _weighted(target, self._layer_below(target))

    def _layer_below(self, target: Target) -> str:
        model, below = target.model, _maps_below(target)
        chosen = self.layer or next(
            (name for name in reversed(below) if _all_ways_through(target, name)), None
        )
        if chosen is None:
            raise Unanswerable(
                f"Grad-CAM has no answer for {target.unit} of {model.name}: "
                "no layer with positions lies between it and the pixels"
            )
        if model.layer(chosen).name not in below:
            raise Unanswerable(
                f"Grad-CAM has no answer for {target.unit} at {chosen}: that is no map below {target.unit.layer}. "
                f"Choose one of: {', '.join(below[-8:]) or 'none'}"
            )
        return chosen


def _maps_below(target: Target) -> list[str]:
    """Layers with positions that the unit depends on, in running order."""
    from convscope.model.tape import ancestors

    below = ancestors(target.model.record.calls, target.layer.index) - {target.layer.index}
    layers = target.model.layers.values()
    return [layer.name for layer in layers if layer.index in below and layer.height * layer.width > 1]


def _all_ways_through(target: Target, name: str) -> bool:
    """Whether every way from the unit to the pixels passes this layer: a mere branch would tell only its part."""
    from convscope.model.tape import INPUT

    calls, gate = target.model.record.calls, target.model.layer(name).index
    waiting, seen = [target.layer.index], {gate}
    while waiting:
        current = waiting.pop()
        if current == INPUT:
            return False
        if current not in seen:
            seen.add(current)
            waiting.extend(value.call for value in calls[current].inputs)
    return True


def _weighted(target: Target, layer: str) -> np.ndarray:
    """ReLU(sum over k of alpha_k A_k), with alpha_k the gradient of the unit by A_k, mean over positions."""
    import torch

    from convscope.model.backward import maps_kept
    from convscope.model.measure import activation_of
    from convscope.model.reading import edge_of, read

    axis = target.model.layer(layer).axis
    kept: dict[str, Any] = {}

    def keep(output: Any) -> None:
        kept["maps"], kept["edge"] = output.detach()[0].clone(), edge_of(output, axis)

    def select(output: Any) -> None:
        kept["value"] = activation_of(target.unit)(output)[0]

    pixels = target.pixels[None].to(target.model.device).requires_grad_(True)
    read(target.model, pixels, {layer: keep, target.unit.layer: select}, gradients=True)
    with maps_kept():
        (signal,) = torch.autograd.grad(kept["value"], kept["edge"])
    weights = signal.movedim(axis, 1)[0].mean((1, 2), keepdim=True)
    return (weights * kept["maps"]).sum(0).clamp(min=0).float().cpu().numpy()


def _enlarged(grid: np.ndarray, height: int, width: int, how: str) -> np.ndarray:
    import torch
    from torch.nn.functional import interpolate

    options = {"align_corners": False} if how == "bilinear" else {}
    return interpolate(torch.from_numpy(grid)[None, None], (height, width), mode=how, **options)[0, 0].numpy()
