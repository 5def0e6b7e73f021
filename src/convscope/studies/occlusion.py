"""Zeiler & Fergus's figure 7 for every unit at once: one sweep of a square over the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.model.filling import filling
from convscope.model.measure import Reduce, maxima, measure
from convscope.model.model import Model
from convscope.model.occlusion import Windows, sweep


@dataclass(frozen=True, eq=False)
class OcclusionSweep:
    """What the network says with each place of the square covered; ``[rows, columns, ...]`` by ``windows``.

    ``probability`` ``[..., classes]`` (figure 7 d) and ``label`` ``[...]`` (figure 7 e); for every layer the
    ``maxima`` ``[..., channels]`` over positions, and ``summed`` ``[...]`` (figure 7 b): the sum of its map
    ``strongest``, which has the largest sum on the uncovered picture. ``clean`` holds the same numbers of the
    uncovered picture under ``probability``, ``summed`` and the layers' names.
    """

    windows: Windows
    fill: str | float
    probability: np.ndarray
    label: np.ndarray
    maxima: Mapping[str, np.ndarray]
    summed: Mapping[str, np.ndarray]
    strongest: Mapping[str, int]
    clean: "Clean"


@dataclass(frozen=True, eq=False)
class Clean:
    """The uncovered picture: ``probability`` ``[classes]``, a layer's ``maxima`` ``[channels]``, its ``summed`` map."""

    probability: np.ndarray
    maxima: Mapping[str, np.ndarray]
    summed: Mapping[str, float]


def occlusion_sweep(
    model: Model,
    image: Any,
    layers: Sequence[str] | None = None,
    *,
    size: int = 32,
    stride: int = 16,
    fill: str | float = "grey",
) -> OcclusionSweep:
    """Cover one square after another and read all channels of ``layers`` and all classes in the same passes.

    Without ``layers`` those are read that a survey looks at. One whole forward pass a place (Zeiler & Fergus
    2013, section 4.2). Raises BadSpec where the square does not fit, UnknownName for a layer.

    >>> swept = occlusion_sweep(model, photo, ["relu5"], size=50, stride=25)  # doctest: +SKIP
    >>> swept.probability[:, :, model.classes.index("tench")]  # doctest: +SKIP
    """
    chosen = list(model.surveyed if layers is None else layers)
    names = list(dict.fromkeys([*(model.layer(name).name for name in chosen), model.output]))
    pixels = model.preprocess(image)
    windows = Windows(size, stride, model.fit.height, model.fit.width)
    found = measure(model, [pixels[None]], dict.fromkeys(names, _maxima_and_sums))
    clean = {name: part[0].unflatten(0, (2, -1)) for name, part in found.items()}
    strongest = {name: int(part[1].argmax()) for name, part in clean.items()}
    reduce = {name: _numbers(strongest[name]) for name in names}
    found = sweep(model, pixels, filling(model, pixels, fill), windows, reduce)
    probability = _array(model.shares(found[model.output][..., :-1]))
    chosen_layers = [name for name in names if name in chosen]
    return OcclusionSweep(
        windows, fill, probability, probability.argmax(-1),
        {name: _array(found[name][..., :-1]) for name in chosen_layers},
        {name: _array(found[name][..., -1]) for name in chosen_layers},
        {name: strongest[name] for name in chosen_layers},
        Clean(
            _array(model.shares(clean[model.output][0])),
            {name: _array(clean[name][0]) for name in chosen_layers},
            {name: float(clean[name][1].max()) for name in chosen_layers},
        ),
    )  # fmt: skip


def _sums(output: Tensor) -> Tensor:
    return output.flatten(2).sum(2) if output.dim() > 2 else output.clone()


def _maxima_and_sums(output: Tensor) -> Tensor:
    """Of every channel, one after the other: ``[N, 2 C]``."""
    return torch.cat([maxima(output), _sums(output)], 1)


def _numbers(strongest: int) -> Reduce:
    """The maxima of all channels and, last, the sum of one map: ``[N, C + 1]``."""

    def numbers(output: Tensor) -> Tensor:
        return torch.cat([maxima(output), _sums(output[:, strongest : strongest + 1])], 1)

    return numbers


def _array(values: Tensor) -> np.ndarray:
    return values.float().cpu().numpy()
