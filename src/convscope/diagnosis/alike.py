"""Channels that do the same as another, and channels whose winners are the same picture."""

from collections.abc import Iterator
from math import atanh, sqrt, tanh

import numpy as np

from convscope.atlas.neighbours import standardised
from convscope.atlas.read import Atlas
from convscope.diagnosis.answering import hidden_layers
from convscope.diagnosis.symptoms import Case, Symptom, worst_first
from convscope.plain.share import Share, Z, percent

TWINS = 0.95  # correlation from which two channels count as the same
FEWEST = 30  # images below which a correlation says little
MANY_TWINS = 0.1  # of a layer: from there on it is worth a look
COPIES = 3  # near-duplicates among the winners of one channel


def duplicate(atlas: Atlas) -> Iterator[Symptom]:
    """Layers with channels that answer to the same images as another."""
    for layer in hidden_layers(atlas):
        found = atlas.peaks(layer.name)
        if found is None or len(found["row"]) < FEWEST:
            continue
        images = len(found["row"])
        pairs = twins(found["peak"])
        if not pairs:
            continue
        paired = {channel for one, other, _ in pairs for channel in (one, other)}
        share = Share(len(paired), layer.channels)
        yield Symptom(
            "duplicate", layer.name, "worth a look" if share.rate >= MANY_TWINS else "to know", share,
            f"Pearson’s correlation of two channels’ strongest activations over {images} sampled images, with Fisher’s "
            "95 % interval",
            f"a correlation of {TWINS} or more with another channel of the layer; worth a look from {percent(MANY_TWINS)}",
            "that one could go: two channels may answer to the same images at different places.",
            "compare the two, winner by winner; on other images (convscope survey RUN --split all) a chance likeness goes",
            tuple(Case(one, r, interval(r, images), other) for one, other, r in pairs),
        )  # fmt: skip


def twins(peaks: np.ndarray) -> list[tuple[int, int, float]]:
    """Of peaks ``[C, S]`` every channel's nearest other above ``TWINS``, each pair once, most alike first."""
    unit = standardised(peaks)
    alike = np.clip(unit @ unit.T, -1, 1)
    np.fill_diagonal(alike, -1)
    nearest = alike.argmax(axis=1)
    best = alike[np.arange(len(alike)), nearest]
    pairs = {
        (min(pair), max(pair)): float(best[pair[0]])
        for pair in zip(range(len(alike)), nearest.tolist(), strict=True)
        if best[pair[0]] >= TWINS
    }
    return sorted(((*pair, r) for pair, r in pairs.items()), key=lambda found: -found[2])


def interval(r: float, images: int) -> str:
    """A correlation over ``images`` in words, with its 95 % interval (Fisher 1921).

    >>> interval(0.96, 103)
    '0.960 (0.941 to 0.973)'
    """
    middle, half = atanh(min(r, 0.999999)), Z / sqrt(images - 3)
    return f"{r:.3f} ({tanh(middle - half):.3f} to {tanh(middle + half):.3f})"


def near_duplicate(atlas: Atlas) -> Iterator[Symptom]:
    """Layers with channels whose winners look nearly the same, so that nine patches are fewer examples."""
    for layer in hidden_layers(atlas):
        numbers = atlas.numbers(layer.name)
        copies = numbers["duplicate"].sum(axis=1)
        found = np.flatnonzero((copies >= COPIES) & (numbers["maximum"] > 0))
        if not len(found):
            continue
        winners = numbers["duplicate"].shape[1]
        yield Symptom(
            "near-duplicate", layer.name, "to know", Share(len(found), layer.channels),
            f"how many of {winners} winners look nearly like a stronger one of the same channel",
            f"{COPIES} or more of {winners}",
            "whether the images are copies, or the channel sees so small a patch that all its patches look alike.",
            "find copies among the images (convscope check DATA), and look at the channel’s ordinary answers",
            worst_first(copies, found, f"{{:.0f}} of {winners}".format),
        )  # fmt: skip
