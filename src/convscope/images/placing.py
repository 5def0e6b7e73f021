"""Which class and split a file has by its place: ``class/``, ``train/class/``, nested or flat."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convscope.images.listing import Listing
from convscope.images.source import Images, Problem, natural
from convscope.images.verify import Files

SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
SPLITS |= {"test": "test", "testing": "test"}


@dataclass(frozen=True)
class Placed:
    """A file and what its place says: split ("" for none) and class (None for none)."""

    path: str
    split: str
    category: str | None


def placed_images(
    name: str, listing: Listing, placed: Sequence[Placed], misplaced: Sequence[Problem], files: Files
) -> Images:
    """Images of the readable ones of ``placed``, which ``files`` looked at in the same order."""
    used = [placed[row] for row in files.readable]
    classes = tuple(sorted({one.category for one in used if one.category is not None}, key=natural))
    label_of = {name: label for label, name in enumerate(classes)} | {None: -1}
    return Images(
        name=name,
        ids=tuple(one.path for one in used),
        labels=np.array([label_of[one.category] for one in used], dtype=np.int64),
        classes=classes,
        splits=tuple(one.split for one in used),
        problems=(*listing.problems, *misplaced, *files.problems(one.path for one in placed)),
        notes=(*listing.notes(), *_notes(listing, used, classes), *files.notes()),
        rows=files.readable,
        read=files.read,
        measure=files.measure,
        evidence=files.evidence,
        seen=files.glance,
    )


def _split_folders(listing: Listing) -> dict[str, str]:
    """Folder name -> split, or nothing where the folders at the top are classes."""
    tops = [folder for folder in listing.folders if "/" not in folder]
    splits = {top: SPLITS[top.casefold()] for top in tops if top.casefold() in SPLITS}
    # "train" among "bus" and "plane" is a class; beside "val" or "test", or alone, it is a split
    several = "train" in splits.values() and len(set(splits.values())) > 1
    return splits if several or len(splits) == len(tops) else {}


def outer_folder(listing: Listing) -> str:
    """The folder, above all class folders and splits, that all pictures lie in; "" where there is none."""
    folders = [path.split("/")[:-1] for path in listing.candidates]
    shared = []
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1 or parts[0].casefold() in SPLITS:
            return "/".join(shared) if min(map(len, folders)) > len(shared) else ""
        shared.append(parts[0])
    return ""  # all in one folder, which may well be a class


def place(listing: Listing) -> tuple[list[Placed], list[Problem]]:
    """Each candidate with its split and class, and those whose place says neither."""
    splits = _split_folders(listing)
    by_split = defaultdict(list)
    misplaced = []
    for path in listing.candidates:
        top, _, below = path.partition("/")
        if not splits:
            by_split[""].append(Placed(path, "", top if below else None))
        elif below and top in splits:
            by_split[splits[top]].append(Placed(path, splits[top], _folder_of(below)))
        else:
            misplaced.append(Problem(path, f"lies outside {_listed(splits)}"))
    placed = []
    for files in by_split.values():
        labelled = any(one.category is not None for one in files)
        loose = [one for one in files if labelled and one.category is None]
        misplaced += [Problem(one.path, "lies beside the class folders, so it has no class") for one in loose]
        placed += [one for one in files if one not in loose]
    return placed, misplaced


def _folder_of(path: str) -> str | None:
    top, _, below = path.partition("/")
    return top if below else None


def _notes(listing: Listing, used: Sequence[Placed], classes: Sequence[str]) -> Iterator[str]:
    """What a careful person would say about these classes."""
    splits = _split_folders(listing)
    depth = 1 if splits else 0
    class_folders = [folder for folder in listing.folders if folder.count("/") == depth]
    there = {"/".join(one.path.split("/")[: depth + 1]) for one in used}
    empty = [folder for folder in class_folders if folder not in there and classes]
    if empty:
        yield f"Class folders without a readable image: {_listed(empty)}."
    trained = {one.category for one in used if one.split == "train"}
    for split in ("val", "test") if trained else ():
        here = {one.category for one in used if one.split == split} - {None}
        if here - trained:
            yield f"Classes in {split} that train does not have: {_listed(here - trained)}."
        if here and trained - here:
            yield f"Classes in train that {split} does not have: {_listed(trained - here)}."
    alike = defaultdict(list)
    for name in classes:
        alike[unicodedata.normalize("NFC", name).strip().casefold()].append(name)
    for names in alike.values():
        if len(names) > 1:
            yield f"Class names that differ only in case, spaces or encoding are kept apart: {_listed(names)}."


def _listed(names: Iterator[str | None] | Sequence[str] | set | dict) -> str:
    quoted = [repr(name) for name in sorted(str(name) for name in names)]
    return ", ".join(quoted[:8]) + (f", … ({len(quoted)} in all)" if len(quoted) > 8 else "")
