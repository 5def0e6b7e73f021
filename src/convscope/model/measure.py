"""Numbers of chosen layers over many inputs: one forward pass a batch, whatever the number of layers."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from convscope.model.model import Model
from convscope.model.reading import read
from convscope.plain.unit import Unit

Reduce = Callable[[Tensor], Tensor]


def measure(model: Model, batches: Iterable[Tensor], reduce: Mapping[str, Reduce]) -> dict[str, Tensor]:
    """``reduce[layer](output)`` of every batch, joined along the first dimension.

    ``output`` is ``[N, C, H, W]`` or ``[N, C]``; ``reduce`` returns ``[N, ...]`` and must not keep a view.
    """
    found: dict[str, list[Tensor]] = {name: [] for name in reduce}

    def reader(name: str) -> Callable[[Tensor], None]:
        return lambda output: found[name].append(reduce[name](output))

    for batch in batches:
        read(model, batch.to(model.device), {name: reader(name) for name in reduce})
    return {name: torch.cat(parts) for name, parts in found.items()}


def outputs(model: Model, batch: Tensor, layers: Iterable[str]) -> dict[str, np.ndarray]:
    """What ``layers`` give for one batch, float32 ``[N, C, H, W]`` or ``[N, C]``, copied at each one's own call."""
    found = measure(model, [batch], dict.fromkeys(layers, torch.clone))
    return {name: values.float().cpu().numpy() for name, values in found.items()}


def maxima(output: Tensor) -> Tensor:
    """The maximum over positions of every channel, ``[N, C]``."""
    return output.flatten(2).amax(2) if output.dim() > 2 else output.clone()


def activation_of(unit: Unit) -> Reduce:
    """How to read one unit off its layer, ``[N]``: its position, or the maximum over all of them."""
    at = unit.position

    def values(output: Tensor) -> Tensor:
        if output.dim() == 2 or at is None:
            return maxima(output[:, unit.channel : unit.channel + 1])[:, 0]
        return output[:, unit.channel, at[0], at[1]].clone()

    return values
