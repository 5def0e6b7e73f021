"""Labels that can be told without looking at the picture: from its size, its format or its camera."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from convscope.check.findings import Finding
from convscope.images.seen import Seen
from convscope.images.source import Images

SHUFFLES = 200
ABOVE_CHANCE = 0.15  # of the way from chance to always right; less is no danger
PROPERTIES: dict[str, Callable[[Seen], str]] = {
    "size": lambda one: f"{one.size[1]} x {one.size[0]} pixels",
    "format": lambda one: f"{one.format} {one.mode}".strip(),
    "compression": lambda one: f"JPEG quantisation {one.compression}" if one.compression else "none",
    "camera": lambda one: one.camera or "no camera named",
}


def shortcut_findings(images: Images, seen: Sequence[Seen]) -> Iterator[Finding]:
    """One finding for each property that names the class more often than chance.

    The rule learnt is "the commonest class among the other images with this value", judged by balanced
    accuracy, each image by all but itself; chance is the same rule on shuffled labels (200 times).
    """
    rows = np.flatnonzero(images.labels >= 0)
    labels = np.unique(images.labels[rows], return_inverse=True)[1]
    classes = int(labels.max(initial=-1)) + 1
    if classes < 2:
        return
    for name, value in PROPERTIES.items():
        values, codes = np.unique([value(seen[row]) for row in rows.tolist()], return_inverse=True)
        if len(values) < 2:
            continue
        right = balanced_accuracy(codes, labels)
        shuffled = _shuffled(codes, labels)
        if right > shuffled.max() and right - shuffled.mean() > ABOVE_CHANCE * (1 - shuffled.mean()):
            yield _finding(name, right, shuffled, [str(text) for text in values], codes, labels, images)


def balanced_accuracy(codes: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes of how often the commonest class among the others with this code is the right one.

    Equally common classes share the point; an image that is alone with its code is guessed.

    >>> balanced_accuracy(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
    1.0
    """
    classes = int(labels.max()) + 1
    table = np.zeros((int(codes.max()) + 1, classes))
    np.add.at(table, (codes, labels), 1)
    code, label = np.nonzero(table)
    others = table[code]
    others[np.arange(len(code)), label] -= 1
    best = others.max(1)
    wins = (others[np.arange(len(code)), label] == best) / (others == best[:, None]).sum(1)
    right = np.bincount(label, wins * table[code, label], classes)
    return float((right / table.sum(0)).mean())


def _shuffled(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    chance = np.random.default_rng(0)
    return np.array([balanced_accuracy(codes, chance.permutation(labels)) for _ in range(SHUFFLES)])


def _finding(
    name: str, right: float, shuffled: np.ndarray, values: list[str],
    codes: np.ndarray, labels: np.ndarray, images: Images,
) -> Finding:  # fmt: skip
    names = [images.classes[label] for label in np.unique(images.labels[images.labels >= 0])]
    commonest = np.bincount(codes).argmax()
    example = np.bincount(labels[codes == commonest], minlength=len(names))
    share = example.max() / example.sum()
    chance = float(shuffled.mean())
    return Finding(
        "shortcut",
        "grave" if right - chance > (1 - chance) / 2 else "warning",
        f"The {name} alone names the class for {right:.0%} of the images (balanced; shuffled labels "
        f"{chance:.0%}, at most {shuffled.max():.0%} in {SHUFFLES} shuffles): {share:.0%} of those with "
        f"{values[commonest]} are {names[int(example.argmax())]!r}.",
        f"Save all classes alike: a network may learn the {name} instead of the thing.",
    )
