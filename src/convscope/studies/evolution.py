"""What excites a channel most at each epoch of a run, over a fixed sample of images.

After figure 4 of Zeiler & Fergus 2014 (arXiv 1311.2901): a sudden jump in what is shown comes from another
image having become the strongest.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from convscope.model.model import Model
from convscope.model.reading import Reader, read

KEYS = ("value", "image", "y", "x")
Strongest = dict[str, np.ndarray]


def strongest(
    model: Model, batches: Iterable[tuple[np.ndarray, Tensor]], channels: Mapping[str, Sequence[int]]
) -> dict[str, Strongest]:
    """For some channels of some layers the strongest activation over all images, and where it is.

    ``batches`` are rows ``[N]`` with the network's input ``[N, C, H, W]``. By layer: ``value``, ``image`` (row),
    ``y`` and ``x``, each ``[channels]``. Of equal values the first image wins, then the first position in
    row-major order. Raises UnknownName, BadModel.

    >>> strongest(model, batches, {"relu1": [0, 3]})["relu1"]["value"]  # doctest: +SKIP
    """
    best: dict[str, Strongest] = {}
    for rows, pixels in batches:
        readers = {layer: _reader(best, layer, rows, wanted) for layer, wanted in channels.items()}
        read(model, pixels.to(model.device), readers)
    return best


def _reader(best: dict[str, Strongest], layer: str, rows: np.ndarray, wanted: Sequence[int]) -> Reader:
    def look(output: Tensor) -> None:
        found = peaks(output[:, list(wanted)], rows)
        known = best.setdefault(layer, found)
        stronger = found["value"] > known["value"]
        best[layer] = {key: np.where(stronger, found[key], known[key]) for key in KEYS}

    return look


def peaks(maps: Tensor, rows: np.ndarray) -> Strongest:
    """The strongest value of each channel of maps ``[N, C, H, W]`` or vectors ``[N, C]``, as ``strongest`` gives it."""
    width = maps.shape[-1] if maps.dim() > 2 else 1
    flat = maps.flatten(2) if maps.dim() > 2 else maps[:, :, None]
    tops, places = flat.max(dim=2)
    first = torch.from_numpy(tops.float().cpu().numpy().argmax(0))
    each = torch.arange(flat.shape[1])
    place = places.cpu()[first, each].numpy()
    value = tops.float().cpu()[first, each].numpy()
    return {"value": value, "image": rows[first.numpy()], "y": place // width, "x": place % width}
