"""Deconvnet projections of many winners by the fastest way that has been seen to be exact."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from convscope.model.backward import Descent
from convscope.model.cone import Cone, cone_of_crop, cone_of_whole
from convscope.model.crop import plan_crop
from convscope.model.cropped import CannotCrop, cut_pixels
from convscope.model.layer import Layer
from convscope.model.lowered import send_down
from convscope.model.model import Model
from convscope.model.projection import Sent, project, project_crops

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}  # of the largest value
SEED = 0
ATTEMPTS = 4  # each with three units


@dataclass(frozen=True)
class Proven:
    """A cone that gave what autograd gave, and what autograd met on the way."""

    cone: Cone
    descent: Descent


_PROVEN: WeakKeyDictionary[Model, dict[str, Proven | None]] = WeakKeyDictionary()


def project_winners(model: Model, batch: Tensor, layer: str, channels: Tensor, positions: Tensor) -> Sent:
    """What unit n (its channel and position) of image n sends down by the deconvnet's rule.

    Equal to ``project`` to 1e-5 of the largest value in float32. The first time that a layer of a model is asked
    for, its cone is tried on noise against autograd; where they differ, where a gate depends on the image, or where
    there is none, autograd does the work.
    """
    proven = proven_cone(model, model.layer(layer))
    if proven is not None:
        try:
            return Sent(*send_down(model, proven.cone, batch, channels, positions), proven.descent)
        except CannotCrop:
            pass
    return project_crops(model, batch, layer, channels, positions)


def proven_cone(model: Model, layer: Layer) -> Proven | None:
    """The layer's cone if it has one that equals autograd, tried when first asked for."""
    known = _PROVEN.setdefault(model, {})
    if layer.name not in known:
        known[layer.name] = _prove(model, layer)
    return known[layer.name]


def _prove(model: Model, layer: Layer) -> Proven | None:
    """Both ways with noise, for units in two corners and in the middle, each of which must send something down."""
    plan = plan_crop(model.record, layer)
    cone = cone_of_whole(model.record, layer) if plan is None else cone_of_crop(model.record, layer, plan)
    if cone is None:
        return None
    bottom, right = layer.height - 1, layer.width - 1
    positions = torch.tensor([(0, 0), (bottom, right), (bottom // 2, right // 2)])
    spread = torch.linspace(0, layer.channels - 1, len(positions)).long()
    tried = torch.zeros(len(positions), dtype=torch.bool)
    batch = torch.randn(
        len(positions), *model.record.input_shape[1:], generator=torch.Generator().manual_seed(SEED)
    )
    batch = batch.to(next(model.module.parameters(), batch).dtype)
    for attempt in range(ATTEMPTS):  # with other channels where one sent nothing down, which proves nothing
        channels = (spread + attempt) % layer.channels
        try:
            expected = project(model, batch, layer.name, channels, positions)
            found, _ = send_down(model, cone, batch, channels, positions)
        except Exception:  # an operation used in a way that is not known here
            return None
        descent = expected.descent
        # what lets a signal through by the image need not do so on noise: a hardtanh within its bounds
        by_image = descent.gates or descent.disguised or descent.opaque
        if by_image or not _equal(expected.signal, found, cone, positions):
            return None
        tried |= expected.signal.flatten(1).any(dim=1).cpu()
        if tried.all():
            return Proven(cone, descent)
    return None


def _equal(expected: Tensor, found: Tensor, cone: Cone, positions: Tensor) -> bool:
    part = (
        expected if cone.plan is None else cut_pixels(expected, cone.plan, positions.to(expected.device))[0]
    )
    scale = expected.abs().amax((1, 2, 3))
    off = (found - part).abs().amax((1, 2, 3))
    complete = part.count_nonzero() == expected.count_nonzero()  # nothing lies beyond the crop
    return bool(complete and (off <= TOLERANCE.get(found.dtype, 0.0) * scale).all())
