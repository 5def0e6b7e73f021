"""What stored kernels say of a layer that looks straight at pixels (after section 4.1 of Zeiler & Fergus 2013)."""

from collections.abc import Iterator

import numpy as np

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.diagnosis.spectrum import NOISE, folded_share, high_share
from convscope.diagnosis.symptoms import Symptom, worst_first
from convscope.plain.share import Share, percent

FOLDED = 0.5  # of a kernel's energy
MANY = 0.25  # of a layer


def first_layers(atlas: Atlas) -> Iterator[tuple[AtlasLayer, np.ndarray]]:
    """Layers whose kernels are kept, and the kernels ``[C, channels, h, w]`` where they are more than a point."""
    for layer in atlas.layers.values():
        arrays = atlas.weights(layer.name)
        if arrays is not None and max(arrays["weight"].shape[2:]) > 1:
            yield layer, arrays["weight"]


def high_frequency(atlas: Atlas) -> Iterator[Symptom]:
    """First layers with kernels no smoother than random numbers."""
    for layer, weight in first_layers(atlas):
        high = high_share(weight)
        found = np.flatnonzero(high >= NOISE)
        if not len(found):
            continue
        share = Share(len(found), layer.channels)
        yield Symptom(
            "high-frequency", layer.name, "worth a look" if share.rate >= MANY else "to know", share,
            f"the share of a {weight.shape[2]} × {weight.shape[3]} kernel’s energy beyond a quarter cycle a pixel (its "
            f"Fourier transform, squared); the median of the layer is {percent(np.median(high))}",
            f"{percent(NOISE)} or more, which is what random numbers have on average: of a layer that learnt nothing about half "
            f"pass; worth a look from {percent(MANY)} of the layer",
            "that they are bad: the finest edges look so too, above all in kernels of 3 × 3.",
            "look at the kernels; train longer or with more weight decay, and compare; see them grow (convscope evolve RUN)",
            worst_first(high, found, lambda share: f"{percent(share)} of its energy"),
        )  # fmt: skip


def aliasing(atlas: Atlas) -> Iterator[Symptom]:
    """First layers whose stride cannot carry what their kernels pass."""
    for layer, weight in first_layers(atlas):
        stride = layer.field.stride
        if stride is None or max(stride) == 1:
            continue
        folded = folded_share(weight, stride)
        found = np.flatnonzero(folded >= FOLDED)
        if not len(found):
            continue
        share = Share(len(found), layer.channels)
        yield Symptom(
            "aliasing", layer.name, "look first" if share.rate >= FOLDED else "worth a look", share,
            f"the share of a {weight.shape[2]} × {weight.shape[3]} kernel’s energy at waves finer than {2 * max(stride)} "
            f"pixels, which a stride of {max(stride)} folds onto coarser ones: {percent(folded.mean())} on average"
            f"{_with_less(weight, stride)}",
            f"{percent(FOLDED)} of a kernel’s energy or more; to be looked at first from {percent(FOLDED)} of the layer",
            "what it costs: images have little energy in fine waves, and the rectifier makes new ones.",
            "shift a picture by single pixels and see how much the layer changes (convscope shift PICTURES --model RUN); "
            "Zeiler & Fergus went from 11 × 11 at stride 4 to 7 × 7 at stride 2",
            worst_first(folded, found, lambda share: f"{percent(share)} folded"),
        )  # fmt: skip


def _with_less(weight: np.ndarray, stride: tuple[int, int]) -> str:
    less = (max(1, stride[0] // 2), max(1, stride[1] // 2))
    return f"; a stride of {max(less)} would fold {percent(folded_share(weight, less).mean())}"
