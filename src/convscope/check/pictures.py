"""Faults of single pictures: what cannot be read, and what is read but odd."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from convscope.check.findings import Finding, Gravity
from convscope.images.conversion import CONVERSIONS
from convscope.images.seen import Seen
from convscope.images.source import Images

TINY = 16  # pixels of the shorter side, where most pictures of the set are four times as large
HUGE = 20_000_000  # pixels
LONG = 5.0  # times as long as wide
BLANK = 4  # levels between the darkest and brightest of a picture of one colour
SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "PNG": (".png",), "WEBP": (".webp",), "BMP": (".bmp",),
    "GIF": (".gif",), "TIFF": (".tif", ".tiff"),
}  # fmt: skip
SPOILT = {
    "too large": (("at most",), "Make it smaller; nothing above the limit is decoded, for safety."),
    "unreadable": (("",), "Replace or delete it; convscope skips it."),
}


def unreadable(images: Images) -> Iterator[Finding]:
    """Files that were not used, refused for their size or for any other reason."""
    left = list(images.problems)
    for kind, (signs, next_step) in SPOILT.items():
        chosen = [one for one in left if any(sign in one.reason for sign in signs)]
        left = [one for one in left if one not in chosen]
        if chosen:
            yield Finding(
                kind,
                "warning",
                f"{_files(len(chosen))} cannot be used ({chosen[0].path}: {chosen[0].reason}"
                f"{'; …' if len(chosen) > 1 else ''}).",
                next_step,
                tuple((one.path,) for one in chosen),
                tuple(one.reason for one in chosen),
            )


def odd_pictures(images: Images, seen: Sequence[Seen]) -> Iterator[Finding]:
    """Tiny, huge, long, blank and converted pictures, and names that lie about the format."""
    sides = np.array([one.size for one in seen])
    usual = float(np.median(sides.min(1))) if len(seen) else 0.0
    found: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(seen):
        for kind in _kinds(images.ids[row], one, usual):
            found[kind].append(row)
    for kind, (gravity, words, next_step) in ODD.items():
        if kind in found:
            yield _odd(images, kind, gravity, words, next_step, found[kind], seen)
    for kind, words in CONVERSIONS.items():
        if kind in found:
            yield _odd(
                images,
                kind,
                "note",
                words,
                "Nothing to do; it is applied wherever the picture is used.",
                found[kind],
                seen,
            )


ODD: dict[str, tuple[Gravity, str, str]] = {
    "tiny": ("warning", "Far smaller than the others", "Look whether these are icons or placeholders."),
    "blank": ("warning", "One colour all over", "Look whether something went wrong when they were saved."),
    "huge": ("note", f"Above {HUGE // 1_000_000} megapixels", "Nothing must be done; smaller files load faster."),
    "long": ("note", f"More than {LONG:.0f} times as long as wide", "Look what is left once they are made square."),
    "extension": ("note", "Another format than the file's name says", "Nothing must be done; other programs may fail on them."),
}  # fmt: skip


def _kinds(name: str, seen: Seen, usual: float) -> Iterator[str]:
    shorter, longer = min(seen.size), max(seen.size)
    if shorter < TINY and 4 * shorter <= usual:
        yield "tiny"
    if shorter * longer > HUGE:
        yield "huge"
    if longer > LONG * shorter:
        yield "long"
    if seen.thumbnail and np.ptp(seen.small, axis=(0, 1)).max() <= BLANK and shorter > 1:
        yield "blank"
    if seen.format and not name.casefold().endswith(SUFFIXES.get(seen.format, ("",))):
        yield "extension"
    yield from seen.conversions


def _odd(
    images: Images,
    kind: str,
    gravity: Gravity,
    words: str,
    next_step: str,
    rows: list[int],
    seen: Sequence[Seen],
) -> Finding:
    return Finding(
        kind,
        gravity,
        f"{words}: {len(rows):,} of {len(images):,} pictures.",
        next_step,
        tuple((images.ids[row],) for row in rows),
        tuple(
            f"{seen[row].size[1]} x {seen[row].size[0]} {seen[row].format} {seen[row].mode}".strip()
            for row in rows
        ),
    )


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count != 1 else ''}"
