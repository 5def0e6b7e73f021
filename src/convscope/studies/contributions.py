"""What each channel of the last maps adds to the difference of two class scores."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.model.backward import maps_kept
from convscope.model.model import Model, class_scores
from convscope.model.reading import edge_of, read


@dataclass(frozen=True, eq=False)
class Contributions:
    """Of N pictures: ``parts`` ``[N, C]`` of the ``gap`` ``[N]`` between two scores, and all ``scores`` ``[N, K]``.

    A part is gradient times activation, summed over positions: the gap's own part where everything after the layer
    is linear, a first-order estimate elsewhere. ``peak`` ``[N, C]`` is a channel's strongest activation, ``place``
    ``[N, C]`` where, in row-major order.
    """

    parts: np.ndarray
    gap: np.ndarray
    scores: np.ndarray
    peak: np.ndarray
    place: np.ndarray


def contributions(
    model: Model, batches: Iterable[Tensor], layer: str, predicted: int, against: int
) -> Contributions:
    """Each channel's part in score ``predicted`` minus score ``against``, for batches ``[N, C, H, W]``.

    One forward pass and a backward pass down to ``layer`` for all channels together.

    >>> found = contributions(model, [batch], "layer4.1.relu#2", 285, 281)  # doctest: +SKIP
    """
    found = [_of_batch(model, batch, layer, predicted, against) for batch in batches]
    return Contributions(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def _of_batch(model: Model, batch: Tensor, layer: str, predicted: int, against: int) -> list[np.ndarray]:
    axis = model.layer(layer).axis
    kept: dict[str, Any] = {}

    def keep(output: Tensor) -> None:
        kept["maps"], kept["edge"] = output.detach().clone(), edge_of(output, axis)

    def select(output: Tensor) -> None:
        kept["scores"] = class_scores(output)

    pixels = batch.detach().to(model.device).requires_grad_(True)
    read(model, pixels, {layer: keep, model.output: select}, gradients=True)
    gap = kept["scores"][:, predicted] - kept["scores"][:, against]
    with maps_kept():
        (signal,) = torch.autograd.grad(gap.sum(), kept["edge"])
    maps = kept["maps"].flatten(2)
    parts = (signal.movedim(axis, 1).flatten(2) * maps).sum(2)
    strongest = maps.max(2)
    values = parts, gap.detach(), kept["scores"].detach(), strongest.values, strongest.indices
    return [value.cpu().numpy() for value in values]
