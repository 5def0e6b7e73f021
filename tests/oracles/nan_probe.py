"""Receptive fields without any rule: poison one row of the input and see which outputs are poisoned."""

import numpy as np
import torch

from convscope.model.model import Model
from convscope.model.reading import read


def poisoned(model: Model, layers: list[str], axis: int) -> dict[str, np.ndarray]:
    """For each layer a bool array ``[positions, input pixels]``: which pixel of an axis reaches which position."""
    fit = model.fit
    length = fit.height if axis == 0 else fit.width
    reached: dict[str, list[np.ndarray]] = {name: [] for name in layers}

    def keep(name: str):
        def reader(output: torch.Tensor) -> None:
            maps = output if output.dim() == 4 else output[:, :, None, None]
            hit = maps.isnan().any(dim=1)  # any channel
            reached[name].append(hit.any(dim=2 if axis == 0 else 1).numpy())

        return reader

    for start in range(0, length, 16):
        pixels = range(start, min(start + 16, length))
        batch = torch.zeros(len(pixels), fit.channels, fit.height, fit.width)
        for place, pixel in enumerate(pixels):
            batch[place].select(axis + 1, pixel).fill_(torch.nan)
        read(model, batch, {name: keep(name) for name in layers})
    return {name: np.concatenate(parts).T for name, parts in reached.items()}
