"""Images from folders, files, arrays, data sets and the bundled sets, behind one interface."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images import archive, arrays, bundled, files, folder, foreign, idx, npz, table
from convscope.images.source import Images, Problem, natural
from convscope.images.split import read_split, split_images, write_split

__all__ = ["SOURCES", "Images", "Problem", "open_images", "read_split", "split_images", "write_split"]

# each has accepts(source) and open_source(source); the first that accepts a source opens it
SOURCES = (bundled, table, archive, idx, npz, foreign, files, folder, arrays)


def open_images(
    source: str | Path | Sequence[Any] | Any,
    *,
    labels: Sequence[int] | Sequence[str] | np.ndarray | None = None,
    classes: Sequence[str] | None = None,
) -> Images:
    """Open images: a folder, a zip, a table of paths (CSV, Parquet), image files, arrays in a file (npz,
    IDX) or in memory, tensors, a torch data set, or a bundled set by name.

    ``labels`` (numbers or class names) and ``classes`` name what the source does not.
    Raises BadImages where the source holds no readable image or cannot be understood.

    >>> images = open_images([np.zeros((8, 6), np.uint8)] * 2, labels=["cat", "dog"])
    >>> images[0].shape, images.classes, images.ids
    ((8, 6, 1), ('cat', 'dog'), ('00000', '00001'))
    """
    if isinstance(source, Images):
        return _named(source, labels, classes)
    for kind in SOURCES:
        if kind.accepts(source):
            return _named(kind.open_source(source), labels, classes)
    raise BadImages(
        f"cannot read images from {type(source).__name__}: give a folder, image files, "
        "arrays, a tensor, a torch data set, or the name of a bundled set (emoji, fashion)."
    )


def _named(
    images: Images, labels: Sequence[Any] | np.ndarray | None, classes: Sequence[str] | None
) -> Images:
    if labels is not None and any(isinstance(label, str) for label in labels):
        classes = tuple(classes or sorted(set(map(str, labels)), key=natural))
        unknown = set(map(str, labels)) - set(classes)
        if unknown:
            raise BadImages(
                f"{images.name}: label {min(unknown)!r} is not among the classes {', '.join(classes)}."
            )
        labels = [classes.index(str(label)) for label in labels]
    if labels is not None:
        numbers = np.asarray(labels, dtype=np.int64)
        names = classes or map(str, range(numbers.max(initial=-1) + 1))
        return replace(images, labels=numbers, classes=tuple(names))
    return images if classes is None else _renamed(images, tuple(classes))


def _renamed(images: Images, classes: tuple[str, ...]) -> Images:
    """Other names for numbered classes, or another order of the names that are there."""
    if set(classes) >= set(images.classes):
        new = np.array([*(classes.index(name) for name in images.classes), -1])
        return replace(images, labels=new[images.labels], classes=classes)
    if images.classes == tuple(map(str, range(len(images.classes)))):
        return replace(images, classes=classes)
    raise BadImages(
        f"{images.name} has the classes {', '.join(images.classes)}, which are not all in classes={list(classes)}."
    )
