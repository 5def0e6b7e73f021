"""Channels that answer never, always, or to too few images to be known."""

from collections.abc import Iterator

import numpy as np

from convscope.atlas.read import Atlas, AtlasLayer
from convscope.diagnosis.symptoms import Case, Symptom, worst_first
from convscope.plain.share import Share, percent, wilson

MANY_DEAD = 0.1  # of a layer: from there on it is to be looked at first
ALWAYS = 0.99  # of the positions


def hidden_layers(atlas: Atlas) -> Iterator[AtlasLayer]:
    """All layers but the class scores, which may well be negative always."""
    output = atlas.manifest["model"].get("output")
    return (layer for layer in atlas.layers.values() if layer.name != output)


def dead(atlas: Atlas) -> Iterator[Symptom]:
    """Layers with channels that were never above zero."""
    images = len(atlas.images)
    for layer in hidden_layers(atlas):
        silent = np.flatnonzero(atlas.channels(layer.name)["dead"])
        if not len(silent):
            continue
        share = Share(len(silent), layer.channels)
        yield Symptom(
            "dead", layer.name, "look first" if share.rate >= MANY_DEAD else "worth a look", share,
            f"the maximum over all positions of {images:,} images: such a channel answers to fewer than "
            f"{percent(wilson(0, images)[1], 2)} of images like these (95 % interval)",
            f"a maximum of zero or less; to be looked at first from {percent(MANY_DEAD)} of the layer",
            "whether other images would wake them, or training has: a large rate of learning kills units for good.",
            "survey more images (convscope survey RUN --split all), and see when they died (convscope evolve RUN)",
            tuple(Case(int(one), 0.0, "never above zero") for one in silent),
        )  # fmt: skip


def always_on(atlas: Atlas) -> Iterator[Symptom]:
    """Rectified layers with channels above zero nearly everywhere: their rectifier does nothing."""
    for layer in hidden_layers(atlas):
        numbers = atlas.numbers(layer.name)
        if numbers["histogram_edges"][:, 0].min(initial=1) != 0:
            continue  # nothing is cut off at zero here
        positive = numbers["positive"]
        found = np.flatnonzero((positive >= ALWAYS) & (numbers["maximum"] > 0))
        if not len(found):
            continue
        yield Symptom(
            "always-on", layer.name, "to know", Share(len(found), layer.channels),
            f"the share of positions above zero, of {int(numbers['histogram'][0].sum()):,} sampled; neighbours in one "
            "image are not independent, so it has no interval",
            f"above zero at {percent(ALWAYS)} of the positions or more, in a layer that is cut off at zero",
            "that they are useless: a channel may carry brightness or a bias on to the next layer.",
            "open their histograms, and see whether silencing one costs anything (convscope why RUN ROW)",
            worst_first(positive, found, lambda share: f"above zero at {percent(share, 1)}"),
        )  # fmt: skip


def undersampled(atlas: Atlas) -> Iterator[Symptom]:
    """Layers with channels that answered to fewer images than they have winners: their pictures mean little."""
    images = len(atlas.images)
    for layer in hidden_layers(atlas):
        value = atlas.numbers(layer.name)["value"]
        answered, wanted = (value > 0).sum(axis=1), min(value.shape[1], images)
        found = np.flatnonzero((answered > 0) & (answered < wanted))
        if not len(found):
            continue
        yield Symptom(
            "undersampled", layer.name, "to know", Share(len(found), layer.channels),
            f"on how many of {images:,} images a channel was above zero anywhere",
            f"above zero on some, but on fewer than {wanted} images: the winners after them are no answers",
            "what such a channel is for: too few images excite it.",
            "survey more images, or those of another kind (convscope survey RUN --split all)",
            tuple(
                Case(int(one), float(answered[one]), _on(int(answered[one]), images))
                for one in found[np.argsort(answered[found], kind="stable")]
            ),
        )  # fmt: skip


def _on(count: int, images: int) -> str:
    low, high = wilson(count, images)
    return f"on {count} of {images:,} images ({percent(low, 2)} to {percent(high, 2)})"
