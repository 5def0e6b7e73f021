"""What every image source becomes: indexable uint8 pixels with labels, names and stable ids."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np

from convscope.errors import BadImages
from convscope.images.seen import Seen, thumbnail


@dataclass(frozen=True)
class Problem:
    """A file that was not used, and why."""

    path: str
    reason: str


@final
@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """An indexable set of images; pixels are read when they are asked for.

    ``images[i]`` is a fresh uint8 array ``[height, width, 3 or 1]``. ``labels`` is int64 ``[n]``,
    an index into ``classes``, or -1 where the class is unknown. ``splits`` holds "train", "val",
    "test" or "" per image; images of one of the ``groups`` must stay on one side of a split.
    ``problems`` are files that were not used; ``notes`` say in plain sentences what was ignored,
    converted or dropped.

    A source gives ``read`` (position in the source -> pixels) and, where it knows better than to
    read everything, ``measure`` (-> height, width), ``evidence`` (-> a text that changes with the
    content), ``seen`` (-> how it is stored) and ``unprojected`` (-> float32 ``[channels, height, width]``
    that ``read`` displays).
    ``rows`` are the positions in the source of the images of a subset.

    Raises BadImages where the parts do not belong together.

    >>> grey = np.zeros((2, 8, 8, 1), np.uint8)
    >>> images = Images("two", ("a", "b"), np.array([0, -1]), ("cat",), ("", ""), read=grey.__getitem__)
    >>> images, images[1].shape
    (Images('two': 2 images, 1 class), (8, 8, 1))
    """

    name: str
    ids: tuple[str, ...]
    labels: np.ndarray
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    read: Callable[[int], np.ndarray]
    groups: tuple[str, ...] | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    measure: Callable[[int], tuple[int, int]] | None = None
    evidence: Callable[[int], str] | None = None
    unprojected: Callable[[int], np.ndarray | None] | None = None
    seen: Callable[[int], Seen] | None = None
    rows: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for part in ("labels", "splits", "groups", "rows"):
            values = getattr(self, part)
            if values is not None and len(values) != len(self.ids):
                raise BadImages(
                    f"{self.name}: {len(values)} {part} for {len(self.ids)} images; give one per image."
                )
        if len(self.labels) and not -1 <= self.labels.min() <= self.labels.max() < len(self.classes):
            raise BadImages(
                f"{self.name}: labels run from {self.labels.min()} to {self.labels.max()}, but there are "
                f"{len(self.classes)} class names; number the classes from 0, or use -1 for unknown."
            )
        repeated = [name for name, count in Counter(self.ids).items() if count > 1]
        if repeated:
            raise BadImages(
                f"{self.name}: the id {repeated[0]!r} is there more than once; ids must be unique."
            )

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> np.ndarray:
        """Pixels, uint8 ``[height, width, 3 or 1]``, safe to write to; raises BadImages, IndexError."""
        return np.array(self.read(self._row(i)), order="C")

    def size(self, i: int) -> tuple[int, int]:
        """(height, width) in pixels, upright, without reading the pixels where the source can."""
        if self.measure is not None:
            return self.measure(self._row(i))
        height, width = self[i].shape[:2]
        return height, width

    def glance(self, i: int) -> Seen:
        """Size, thumbnail and, of files, how they are stored; its ``reason`` says what cannot be read."""
        if self.seen is not None:
            return self.seen(self._row(i))
        pixels = self[i]
        return Seen("", (pixels.shape[0], pixels.shape[1]), thumbnail=thumbnail(pixels))

    def raw(self, i: int) -> np.ndarray | None:
        """The image as the source has it, float32 ``[channels, height, width]``.

        None where ``images[i]`` already is all there is.
        """
        return None if self.unprojected is None else self.unprojected(self._row(i))

    def subset(self, rows: Iterable[int] | np.ndarray) -> "Images":
        """The images at these places, in this order; a boolean mask works too."""
        chosen = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows))
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen.astype(np.int64)
        return replace(
            self,
            ids=tuple(self.ids[i] for i in places),
            labels=self.labels[places],
            splits=tuple(self.splits[i] for i in places),
            groups=None if self.groups is None else tuple(self.groups[i] for i in places),
            rows=tuple(self._row(int(i)) for i in places),
        )

    def split(self, name: str) -> "Images":
        """The images of one split; raises BadImages naming the splits that exist."""
        rows = [i for i, split in enumerate(self.splits) if split == name]
        if not rows:
            there = ", ".join(sorted(set(self.splits) - {""})) or "none; make them with split_images"
            raise BadImages(f"{self.name} has no split {name!r}; splits there: {there}.")
        return self.subset(rows)

    def sorted_by_id(self) -> "Images":
        """The same images in the order of their ids, whatever order they were found in."""
        order = sorted(range(len(self)), key=self.ids.__getitem__)
        return self if order == list(range(len(self))) else self.subset(order)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over ids, class names, labels and content; the same for any order of the images."""
        digest = hashlib.sha256(json.dumps(self.classes).encode())
        for i in sorted(range(len(self)), key=self.ids.__getitem__):
            content = self.evidence(self._row(i)) if self.evidence else array_hash(self[i])
            digest.update(json.dumps([self.ids[i], int(self.labels[i]), content]).encode())
        return digest.hexdigest()

    def _row(self, i: int) -> int:
        if not -len(self) <= i < len(self):
            raise IndexError(f"{self.name} has {len(self)} images, numbered from 0: there is no image {i}")
        place = range(len(self))[i]
        return place if self.rows is None else self.rows[place]

    def __repr__(self) -> str:
        counts = Counter(split for split in self.splits if split)
        parts = "".join(f", {count} {split}" for split, count in counts.items())
        classes = f"{len(self.classes)} class{'' if len(self.classes) == 1 else 'es'}"
        return f"Images({self.name!r}: {len(self)} images, {classes}{parts})"


def array_hash(array: np.ndarray) -> str:
    """SHA-256 of an array's shape, type and values."""
    header = f"{array.shape}{array.dtype.str}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(array).tobytes()).hexdigest()


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key by which "class2" comes before "class10".

    >>> sorted(["class10", "Class2", "class1"], key=natural)
    ['class1', 'Class2', 'class10']
    """
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if place % 2 else part.casefold() for place, part in enumerate(parts)], name


def numbered(count: int, prefix: str = "") -> tuple[str, ...]:
    """Ids for images that have no names: "00000", "00001", ...; they sort as they count."""
    width = max(5, len(str(count - 1)))
    return tuple(f"{prefix}{row:0{width}d}" for row in range(count))
