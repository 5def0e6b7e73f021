"""What excites a channel most at each epoch of a run, over a fixed sample of images, and how it answers to all of them.

After figure 4 of Zeiler & Fergus 2014 (arXiv 1311.2901): a sudden jump in what is shown comes from another
image having become the strongest.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from convscope.atlas.neighbours import standardised
from convscope.model.model import Model
from convscope.model.reading import Reader, read

KEYS = ("value", "image", "y", "x")
Strongest = dict[str, np.ndarray]


def strongest(
    model: Model,
    batches: Iterable[tuple[np.ndarray, Tensor]],
    channels: Mapping[str, Sequence[int]],
    sample: np.ndarray,
) -> dict[str, Strongest]:
    """For some channels of some layers the strongest activation over all images, and where it is.

    ``batches`` are rows ``[N]`` with the network's input ``[N, C, H, W]``. By layer: ``value``, ``image`` (row),
    ``y`` and ``x``, each ``[channels]``, and ``peak`` ``[C, S]``: of every channel of the layer the strongest
    activation on each image whose row is in ``sample``. Of equal values the first image wins, then the first position in row-major order.
    Raises UnknownName, BadModel.

    >>> strongest(model, batches, {"relu1": [0, 3]}, np.arange(256))["relu1"]["value"]  # doctest: +SKIP
    """
    best: dict[str, Strongest] = {}
    for rows, pixels in batches:
        some = np.isin(rows, sample)
        readers = {layer: _reader(best, layer, rows, wanted, some) for layer, wanted in channels.items()}
        read(model, pixels.to(model.device), readers)
    return best


def _reader(
    best: dict[str, Strongest], layer: str, rows: np.ndarray, wanted: Sequence[int], some: np.ndarray
) -> Reader:
    def look(output: Tensor) -> None:
        found = peaks(output[:, list(wanted)], rows)
        known = best.setdefault(layer, found | {"peak": np.empty((output.shape[1], 0), np.float32)})
        stronger = found["value"] > known["value"]
        best[layer] = {key: np.where(stronger, found[key], known[key]) for key in KEYS}
        best[layer]["peak"] = np.concatenate([known["peak"], every_peak(output[some])], axis=1)

    return look


def settled(peak: np.ndarray, last: np.ndarray) -> dict[str, np.ndarray]:
    """How far every channel is what it will be: its peaks ``[C, S]`` at an epoch beside those at the ``last`` one.

    ``alike`` ``[C]`` is Pearson's correlation over the images, NaN where the channel ends dead or never changes;
    ``same`` ``[C]`` is 1 where the strongest image is already that of the end.
    """
    ends = standardised(last)
    alike = (standardised(peak) * ends).sum(axis=1)
    return {
        "alike": np.where(ends.any(axis=1), alike, np.nan),
        "same": peak.argmax(axis=1) == last.argmax(axis=1),
    }


def every_peak(maps: Tensor) -> np.ndarray:
    """The strongest value of each channel on each image, float32 ``[C, N]``."""
    return _flat(maps).amax(dim=2).T.float().cpu().numpy()


def peaks(maps: Tensor, rows: np.ndarray) -> Strongest:
    """The strongest value of each channel of maps ``[N, C, H, W]`` or vectors ``[N, C]``, as ``strongest`` gives it."""
    width = maps.shape[-1] if maps.dim() > 2 else 1
    flat = _flat(maps)
    tops, places = flat.max(dim=2)
    first = torch.from_numpy(tops.float().cpu().numpy().argmax(0))
    each = torch.arange(flat.shape[1])
    place = places.cpu()[first, each].numpy()
    value = tops.float().cpu()[first, each].numpy()
    return {"value": value, "image": rows[first.numpy()], "y": place // width, "x": place % width}


def _flat(maps: Tensor) -> Tensor:
    """Maps, or vectors, as ``[N, C, positions]``."""
    return maps.flatten(2) if maps.dim() > 2 else maps[:, :, None]
