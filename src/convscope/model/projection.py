"""From a unit down to the pixels: one truncated forward, one backward, any number of units at once."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.graph import Node

from convscope.model.backward import Descent, Rule, descend
from convscope.model.model import Model
from convscope.model.reading import read


@dataclass(frozen=True)
class Projection:
    """What each unit of a batch sends to its own image.

    ``signal`` is ``[N, C, H, W]``; ``values`` ``[N]`` the activations, ``positions`` ``[N, 2]`` (y, x).
    """

    signal: Tensor
    values: Tensor
    positions: Tensor
    descent: Descent


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
    return Projection(signal.detach(), values.detach(), where, descent)
