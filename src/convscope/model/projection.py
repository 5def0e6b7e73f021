"""From a unit down to the pixels: one truncated forward, one backward, any number of units at once."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import Node

from convscope.model.backward import Descent, Rule, descend
from convscope.model.crop import Plan, plan_crop
from convscope.model.cropped import CannotCrop, Crops, cut_pixels
from convscope.model.model import Model
from convscope.model.reading import read
from convscope.model.state import undisturbed


@dataclass(frozen=True)
class Sent:
    """What each unit of a batch sends to its own image.

    ``signal`` is ``[N, C, H, W]``; ``corners`` ``[N, 2]`` (top, left) says where each signal lies in its image:
    at (0, 0), unless it was made on a crop.
    """

    signal: Tensor
    corners: Tensor
    descent: Descent


@dataclass(frozen=True)
class Projection(Sent):
    """The same with the activations ``values`` ``[N]`` and their ``positions`` ``[N, 2]`` (y, x)."""

    values: Tensor
    positions: Tensor


def project(
    model: Model,
    batch: Tensor,
    layer: str,
    channels: Tensor,
    positions: Tensor | None = None,
    rule: Rule = "deconvnet",
) -> Projection:
    """Seed unit n (its channel and position) of image n with 1 and send it down under a backward rule.

    Without ``positions`` each channel's strongest position is taken, the first in row-major order.
    """
    pixels = batch.detach().to(model.device).clone().requires_grad_(True)
    response_norms: list[Node] = []
    chosen: list[tuple[Tensor, Tensor]] = []

    def select(output: Tensor) -> None:
        maps = output.flatten(2) if output.dim() > 2 else output[:, :, None]
        width = output.shape[-1] if output.dim() > 2 else 1
        rows = torch.arange(len(maps), device=maps.device)
        own = maps[rows, channels.to(maps.device)]
        flat = (
            own.detach().argmax(1)
            if positions is None
            else (positions[:, 0] * width + positions[:, 1]).to(maps.device)
        )
        chosen.append((own[rows, flat], torch.stack([flat // width, flat % width], 1)))

    def note(output: Tensor) -> None:
        if output.grad_fn is not None:
            response_norms.append(output.grad_fn)

    read(model, pixels, {layer: select}, gradients=True, on_response_norm=note)
    (values, where) = chosen[0]
    signal, descent = descend(values, pixels, rule, response_norms)
    return Projection(signal.detach(), torch.zeros_like(where), descent, values.detach(), where)


def project_crops(
    model: Model, batch: Tensor, layer: str, channels: Tensor, positions: Tensor, rule: Rule = "deconvnet"
) -> Projection:
    """The same as ``project`` on crops that hold just what each unit sees; on whole images where none fits.

    Equal to the whole image's to 1e-5 of the largest value in float32, at the border too.
    """
    plan = plan_crop(model.record, model.layer(layer))
    if plan is None:
        return project(model, batch, layer, channels, positions, rule)
    try:
        return _project_planned(model, plan, batch, layer, channels, positions, rule)
    except CannotCrop:
        return project(model, batch, layer, channels, positions, rule)


def _project_planned(
    model: Model, plan: Plan, batch: Tensor, layer: str, channels: Tensor, positions: Tensor, rule: Rule
) -> Projection:
    positions, channels = positions.to(model.device), channels.to(model.device)
    crops, corners = cut_pixels(batch.detach().to(model.device), plan, positions)
    pixels = crops.requires_grad_(True)
    chosen: list[Tensor] = []

    def select(output: Tensor) -> None:
        chosen.append(output[torch.arange(len(output), device=output.device), channels, 0, 0])

    shown = pixels.clone()
    mode = Crops(model.record, plan, model.layer(layer).index, positions, shown, select)
    with undisturbed(model.module), torch.enable_grad():
        mode.run(model.module)
    signal, descent = descend(chosen[0], pixels, rule, mode.response_norms)
    return Projection(signal.detach(), corners, descent, chosen[0].detach(), positions)
