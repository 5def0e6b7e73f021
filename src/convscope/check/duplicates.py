"""Copies of one picture: within a split, across splits, under two labels."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from convscope.check.copies import Pairs
from convscope.check.findings import Finding
from convscope.check.memory import copies
from convscope.errors import BadImages
from convscope.images.seen import Seen
from convscope.images.source import Images, array_hash


@dataclass(frozen=True)
class Duplicates:
    """Rows of pictures whose pixels are the same, and pairs that are nearly the same."""

    exact: tuple[tuple[int, ...], ...]
    near: Pairs

    def clusters(self) -> list[tuple[int, ...]]:
        """Rows that are linked by any of both, two or more each."""
        return linked([*self.exact, *zip(self.near.first.tolist(), self.near.second.tolist(), strict=True)])


def find_duplicates(images: Images, seen: Sequence[Seen]) -> Duplicates:
    """Compare every picture of a set with every other; only likely copies are decoded in full."""
    rows = np.array([row for row, one in enumerate(seen) if one.thumbnail], dtype=np.int64)
    if not len(rows):
        return Duplicates((), copies(np.zeros((0, 1, 1, 3), np.uint8), rows))
    thumbnails = np.stack([seen[row].small for row in rows])
    found = copies(thumbnails, np.array([min(seen[row].size) for row in rows]))
    near = Pairs(rows[found.first], rows[found.second], found.details, found.mirrored)
    exact = _exact(images, seen, near)
    same = {row: number for number, group in enumerate(exact) for row in group}
    differ = [
        same.get(a, -1) != same.get(b, -2)
        for a, b in zip(near.first.tolist(), near.second.tolist(), strict=True)
    ]
    return Duplicates(exact, near.where(np.array(differ, dtype=bool)))


def _exact(images: Images, seen: Sequence[Seen], near: Pairs) -> tuple[tuple[int, ...], ...]:
    """Groups of rows whose decoded pixels are equal, whatever the files' bytes."""
    alike = defaultdict(list)
    for row, one in enumerate(seen):
        if one.thumbnail:
            alike[one.size, one.thumbnail].append(row)
    suspects = [tuple(rows) for rows in alike.values() if len(rows) > 1]
    upright = near.where(~near.mirrored)
    for first, second in zip(upright.first.tolist(), upright.second.tolist(), strict=True):
        if seen[first].size == seen[second].size:
            suspects.append((first, second))
    groups = defaultdict(list)
    for row in sorted({row for group in suspects for row in group}):
        groups[_pixel_hash(images, row)].append(row)
    return tuple(tuple(rows) for rows in groups.values() if len(rows) > 1)


def _pixel_hash(images: Images, row: int) -> str:
    try:
        return array_hash(images[row])
    except BadImages:  # it was damaged after it was looked at
        return f"unreadable {row}"


def linked(groups: Iterable[Sequence[int]]) -> list[tuple[int, ...]]:
    """Groups with a common member made one, in the order of their first members.

    >>> linked([(1, 2), (5, 6), (2, 3)])
    [(1, 2, 3), (5, 6)]
    """
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            parent[row] = row = parent[parent[row]]
        return row

    for first, *others in groups:
        for other in others:
            low, high = sorted((root(first), root(other)))
            parent[high] = low
    members = defaultdict(list)
    for row in sorted(parent):
        members[root(row)].append(row)
    return [tuple(rows) for rows in members.values()]


def kept_together(images: Images, duplicates: Duplicates) -> dict[str, str]:
    """Id -> first id of its copies, for all that a split must not part.

    Near copies that make up more than half of a class show that its pictures look alike, as drawings and
    icons do, not that they are one picture; only the exact copies among them stay together.
    """
    sizes = Counter(images.labels.tolist())
    groups = [group for group in duplicates.clusters() if 2 * len(group) <= sizes[images.labels[group[0]]]]
    joined = linked([*duplicates.exact, *groups])
    return {images.ids[row]: images.ids[group[0]] for group in joined for row in group}


def duplicate_findings(images: Images, duplicates: Duplicates) -> Iterator[Finding]:
    """One finding for each of: across splits, under two labels, the rest; exact copies before near ones."""
    near = list(zip(duplicates.near.first.tolist(), duplicates.near.second.tolist(), strict=True))
    mirrored = {pair for pair, turned in zip(near, duplicates.near.mirrored.tolist(), strict=True) if turned}
    yield from _sorted_out(images, list(duplicates.exact), "", frozenset())
    yield from _sorted_out(images, near, "near ", mirrored)


def _sorted_out(
    images: Images, groups: list[tuple[int, ...]], near: str, mirrored: Iterable[tuple[int, ...]]
) -> Iterator[Finding]:
    say = partial(_finding, images, near=near, mirrored=set(mirrored))
    torn = [group for group in groups if len({images.splits[row] for row in group}) > 1]
    disputed = [group for group in groups if len({images.labels[row] for row in group}) > 1]
    plain = [group for group in groups if group not in torn and group not in disputed]
    for kind, chosen in (("leak", torn), ("label conflict", disputed), ("duplicate", plain)):
        if chosen:
            yield say(kind, sorted(linked(chosen) if near and kind != "label conflict" else chosen))


WORDS = {
    "leak": ("lie on both sides of a split", "Move all copies to one side, or delete those outside train: accuracy is too high as it is."),
    "label conflict": ("have two labels", "Decide which label is right, and delete or move the other."),
    "duplicate": ("are there more than once", "Delete the copies, or leave them: a split made by convscope keeps them on one side."),
}  # fmt: skip


def _finding(
    images: Images, kind: str, groups: list[tuple[int, ...]], *, near: str, mirrored: set[tuple[int, ...]]
) -> Finding:
    words, next_step = WORDS[kind]
    grave = kind == "leak" or (kind == "label conflict" and not near)
    count = f"{len(groups)} picture{'s' if len(groups) != 1 else ''}"
    how = "near copies: re-encoded, resized, cropped, mirrored or lit otherwise" if near else "exact copies"
    if len(groups) == 1:
        words = words.replace("lie ", "lies ").replace("have ", "has ").replace("are ", "is ")
    return Finding(
        kind=near + kind,
        gravity="grave" if grave else "warning",
        sentence=f"{count} {words} ({how}).",
        next_step=next_step,
        groups=tuple(tuple(images.ids[row] for row in group) for group in groups),
        details=tuple(_detail(images, group, mirrored) for group in groups),
    )


def _detail(images: Images, group: tuple[int, ...], mirrored: set[tuple[int, ...]]) -> str:
    """Labels and splits of a group, where they differ, and that one is a mirror image."""
    labels = dict.fromkeys(
        images.classes[images.labels[row]] if images.labels[row] >= 0 else "no label" for row in group
    )
    splits = dict.fromkeys(images.splits[row] or "no split" for row in group)
    said = [" / ".join(names) for names in (labels, splits) if len(names) > 1]
    return ", ".join([*said, *(["mirrored"] if group in mirrored else [])])
