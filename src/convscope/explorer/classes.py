"""What one class is to the network: its channels, how often it is named rightly, and what it is confused with."""

from dataclasses import dataclass

import numpy as np

from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas, plain_name
from convscope.explorer.excerpt import channels_in
from convscope.plain.share import wilson

CHANNELS_SHOWN = 8
IMAGES_SHOWN = 60


@dataclass(frozen=True)
class Confusion:
    """How many images of one class the network called another; ``label`` is -1 where no image has that label."""

    name: str
    label: int
    count: int


@dataclass(frozen=True)
class Selective:
    """A channel that prefers the class: its index, and its 95 % interval (NaN: not known)."""

    layer: str
    channel: int
    index: float
    low: float
    high: float


@dataclass(frozen=True)
class Class:
    """One label of the images; ``answer`` is the model's class of that name, -1 where it has none.

    ``rows``, and of them ``right`` and ``wrong``, are least sure first.
    """

    label: int
    name: str
    answer: int
    rows: np.ndarray
    right: np.ndarray
    wrong: np.ndarray

    @property
    def known(self) -> bool:
        """Whether the network can give this answer at all."""
        return self.answer >= 0

    @property
    def share(self) -> float:
        return len(self.right) / len(self.rows)

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(len(self.right), len(self.rows))


def one_class(atlas: Atlas, label: int) -> Class:
    """The class of one label of the images."""
    images = atlas.images
    rows = np.flatnonzero(images.labels == label)
    rows = rows[np.argsort(images.probability[rows], kind="stable")]
    answer = int(atlas.truth[rows[0]]) if len(rows) else -1
    hit = images.predicted[rows] == answer
    right, wrong = (rows[hit], rows[~hit]) if answer >= 0 else (rows[:0], rows[:0])
    return Class(label, atlas.image_classes[label], answer, rows, right, wrong)


def called(atlas: Atlas, one: Class) -> list[Confusion]:
    """What else the network called images of this class, most often first."""
    return _counted(atlas, atlas.images.predicted[one.wrong], atlas.classes)


def taken_for(atlas: Atlas, one: Class) -> list[Confusion]:
    """Images of which other classes the network called this one, most often first."""
    labels = atlas.images.labels
    rows = (atlas.images.predicted == one.answer) & (labels != one.label) & (labels >= 0)
    return _counted(atlas, labels[rows], atlas.image_classes)


def _counted(atlas: Atlas, indices: np.ndarray, names: tuple[str, ...]) -> list[Confusion]:
    labels = {plain_name(name): label for label, name in enumerate(atlas.image_classes)}
    found, counts = np.unique(indices, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [
        Confusion(names[index], labels.get(plain_name(names[index]), -1), int(count))
        for index, count in zip(found[order].tolist(), counts[order].tolist(), strict=True)
    ]


def selective(atlas: Atlas, label: int) -> list[Selective]:
    """For every layer the channels shown that prefer the class, most selective first; dead ones left out."""
    found = []
    for name in atlas.layers:
        prefers = preference(atlas, name)
        there = (prefers["best"] == label) & (atlas.numbers(name)["maximum"] > 0)
        there &= np.isin(np.arange(len(there)), channels_in(atlas, name))
        index = np.where(there, prefers["index"], -1)
        for channel in np.argsort(-index, kind="stable")[:CHANNELS_SHOWN].tolist():
            if index[channel] > 0:
                found.append(
                    Selective(
                        name, channel, *(float(prefers[key][channel]) for key in ("index", "low", "high"))
                    )
                )
    return sorted(found, key=lambda one: -one.index)
