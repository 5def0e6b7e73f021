"""``check``: look at every picture once, compare, and say what is wrong, the gravest first."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from convscope.check.duplicates import Duplicates, duplicate_findings, find_duplicates, kept_together, linked
from convscope.check.findings import GRAVITIES, Finding, Findings
from convscope.check.labels import class_findings
from convscope.check.pictures import odd_pictures, unreadable
from convscope.check.shortcut import shortcut_findings
from convscope.errors import BadImages
from convscope.images import Images, open_images
from convscope.images.conversion import CONVERSIONS
from convscope.images.seen import Seen
from convscope.plain.threads import in_threads

# what a source says in passing and a finding says better
SAID = ("Classes in ", "Class names that differ", "Only the headers", *CONVERSIONS.values())


def check(data: Any) -> Findings:
    """What is wrong with a set of images; nothing of it is changed.

    ``data`` is anything ``open_images`` takes. Raises BadImages where there is no image in it.

    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (4, 64, 64), dtype=np.uint8)
    >>> found = check(open_images([*noise, noise[0]], labels=["cat", "dog", "cat", "dog", "dog"]))
    >>> found.of("label conflict").sentence
    '1 picture has two labels (exact copies).'
    """
    began = time.perf_counter()
    images = open_images(data)
    seen = look_over(images)
    duplicates = find_duplicates(images, seen)
    found = sorted(_findings(images, seen, duplicates), key=lambda one: GRAVITIES.index(one.gravity))
    together = kept_together(images, duplicates)
    seconds = round(time.perf_counter() - began, 2)
    return Findings(images.name, len(images), images.classes, tuple(found), together, seconds)


def look_over(images: Images) -> tuple[Seen, ...]:
    """One look at each picture, in threads; what fails only now has a ``reason``."""

    def look(row: int) -> Seen:
        try:
            return images.glance(row)
        except BadImages as error:
            return Seen(str(error))

    return tuple(in_threads(look, range(len(images))))


def keep_together(images: Images, findings: Findings) -> Images:
    """The images with their copies in one group each, so that ``split_images`` keeps them on one side."""
    rows = defaultdict(list)
    for row, name in enumerate(images.ids):
        rows["copies", findings.together.get(name, name)].append(row)
        if images.groups:
            rows["group", images.groups[row]].append(row)
    groups = list(images.groups or images.ids)
    for joined in linked(rows.values()):
        for row in joined:
            groups[row] = groups[joined[0]]
    return replace(images, groups=tuple(groups))


def checked(images: Images) -> tuple[Images, tuple[str, ...]]:
    """The images with their copies grouped, and a sentence for each grave finding, before they are split.

    Pictures in memory are left as they are: looks at them are not remembered, so that it would take long each time.
    """
    if images.seen is None:
        return images, ()
    findings = check(images)
    return keep_together(images, findings), tuple(f"{one.sentence} {one.next_step}" for one in findings.grave)


def _findings(images: Images, seen: tuple[Seen, ...], duplicates: Duplicates) -> Iterator[Finding]:
    yield from duplicate_findings(images, duplicates)
    yield from class_findings(images)
    yield from shortcut_findings(images, seen)
    yield from unreadable(images)
    yield from odd_pictures(images, seen)
    for note in images.notes:
        if not note.startswith(SAID):
            yield Finding("note", "note", note, "")
