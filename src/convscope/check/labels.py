"""Faults of the classes: names that are nearly equal, classes missing from a split, imbalance."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from convscope.check.findings import Finding, Gravity
from convscope.images.source import Images

UNEVEN, VERY_UNEVEN = 3, 10  # largest class over smallest
FEW = 10  # images


def class_findings(images: Images) -> Iterator[Finding]:
    """What a careful person would say about the classes of a set."""
    counts = np.bincount(images.labels[images.labels >= 0], minlength=len(images.classes))
    yield from _alike(images.classes)
    yield from _missing(images)
    yield from _uneven(images.classes, counts)
    unknown = int((images.labels < 0).sum())
    if unknown:
        yield Finding("unlabelled", "note" if unknown == len(images) else "warning", f"{unknown:,} of {len(images):,} pictures have no label.", "Put each class's images in a folder of its own, or give a table with a label column.")  # fmt: skip


def plain_name(name: str) -> str:
    """A class name without what a hurried hand gets wrong: case, spaces, underscores, encoding.

    >>> plain_name(" Golf_Ball") == plain_name("golf  ball")
    True
    """
    return " ".join(
        unicodedata.normalize("NFKC", name).casefold().replace("_", " ").replace("-", " ").split()
    )


def _alike(classes: tuple[str, ...]) -> Iterator[Finding]:
    names = defaultdict(list)
    for name in classes:
        names[plain_name(name)].append(name)
    same = [group for group in names.values() if len(group) > 1]
    if same:
        listed = "; ".join(" and ".join(map(repr, group)) for group in same[:5])
        yield Finding("class names", "grave", f"Classes whose names differ only in case, spaces or encoding: {listed}{'; …' if len(same) > 5 else ''}.", "Merge their folders if they are one class: the network would be asked to tell them apart.")  # fmt: skip


def _missing(images: Images) -> Iterator[Finding]:
    there = defaultdict(set)
    for label, split in zip(images.labels.tolist(), images.splits, strict=True):
        if label >= 0:
            there[split].add(label)
    trained = there.get("train", set())
    for split in ("val", "test"):
        if trained and there.get(split):
            strange, unjudged = there[split] - trained, trained - there[split]
            if strange:
                yield _absent(images, strange, f"in {split} that train does not have", "grave", "Give them training images or take them out: a network cannot name what it never saw.")  # fmt: skip
            if unjudged:
                yield _absent(images, unjudged, f"in train that {split} does not have", "warning", f"Move some of their images to {split}: nothing is known about how well they are told apart.")  # fmt: skip


def _absent(images: Images, labels: set[int], words: str, gravity: Gravity, next_step: str) -> Finding:
    names = [repr(images.classes[label]) for label in sorted(labels)]
    listed = ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")
    return Finding("missing class", gravity, f"Classes {words}: {listed}.", next_step)


def _uneven(classes: tuple[str, ...], counts: np.ndarray) -> Iterator[Finding]:
    present = np.flatnonzero(counts)
    if len(present) == 1:
        yield Finding("one class", "grave", f"There is only one class, {classes[present[0]]!r}.", "Add a folder of images of something else: telling apart needs two.")  # fmt: skip
    if len(present) < 2:
        return
    smallest, largest = present[counts[present].argmin()], present[counts[present].argmax()]
    few, many = int(counts[smallest]), int(counts[largest])
    if many >= UNEVEN * few:
        gravity = "warning" if many >= VERY_UNEVEN * few else "note"
        yield Finding("imbalance", gravity, f"Classes are uneven: {many:,} images of {classes[largest]!r}, {few:,} of {classes[smallest]!r} ({many / few:.1f} to 1).", "Add images of the rare classes, and read the report class by class.")  # fmt: skip
    small = [repr(classes[label]) for label in present if counts[label] < FEW]
    if small:
        yield Finding("few images", "warning", f"Classes with fewer than {FEW} images: {', '.join(small[:8])}{', …' if len(small) > 8 else ''}.", "Add images: what is measured on so few says little.")  # fmt: skip
