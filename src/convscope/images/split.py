"""Who trains and who judges: a stratified, seeded split that keeps groups together."""

import csv
import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from convscope.errors import BadImages
from convscope.images.source import Images
from convscope.plain.files import write_text

LARGE = 0.1  # of the images wanted


def split_images(images: Images, *, val: float = 0.2, test: float = 0.0, seed: int = 0) -> Images:
    """The same images with a split each; the source's own splits are kept, a missing one is cut.

    Per class, whole groups go to "val" and "test" in an order that depends only on ``seed`` and
    their names, never on the order of the images; every class keeps an image to train on.
    ``val`` and ``test`` are shares of the images that are free to choose. Raises BadImages for
    shares that leave nothing to train on.

    >>> from convscope.images import open_images
    >>> images = open_images(np.zeros((10, 4, 4), np.uint8), labels=[0, 1] * 5)
    >>> sorted(split_images(images, val=0.4).splits)
    ['train', 'train', 'train', 'train', 'train', 'train', 'val', 'val', 'val', 'val']
    """
    if val < 0 or test < 0 or val + test >= 1:
        raise BadImages(
            f"cannot split off val={val} and test={test}: the shares must leave some images for training."
        )
    own = set(images.splits) - {""}
    shares = {"val": 0.0 if "val" in own else val, "test": 0.0 if own else test}
    free = [i for i, split in enumerate(images.splits) if split in ("", "train")]
    chosen = _choose(images, free, shares, seed)
    splits = tuple(chosen.get(i, split) for i, split in enumerate(images.splits))
    notes = list(images.notes)
    if test and own and "test" not in own:
        notes.append("No test images were split off: the source has its own splits.")
    if shares["val"]:
        notes += _only_trained_on(images, chosen)
    return replace(images, splits=splits, notes=tuple(notes))


def write_split(images: Images, path: Path) -> None:
    """Write id, class name and split of every image as CSV; raises BadOutput."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("id", "label", "split"))
    for name, label, split in zip(images.ids, images.labels, images.splits, strict=True):
        rows.writerow((name, images.classes[label] if label >= 0 else "", split))
    write_text(path, text.getvalue())


def read_split(images: Images, path: Path) -> Images:
    """The images with the splits of a file by ``write_split``; raises BadImages if ids differ."""
    splits = splits_in(path)
    there = set(images.ids)
    strange = [name for name in splits if name not in there]
    lacking = [name for name in images.ids if name not in splits]
    if strange or lacking:
        raise BadImages(
            f"{path} does not fit {images.name}: {len(strange)} of its images are not there, "
            f"{len(lacking)} images have no split (first: {(strange + lacking)[0]}). "
            "Give the images it was made for, or delete it to split again."
        )
    return replace(images, splits=tuple(splits[name] for name in images.ids))


def splits_in(path: Path) -> dict[str, str]:
    """The split of every image by its id, as ``write_split`` wrote it; raises BadImages."""
    try:
        text = path.read_text("utf-8", "surrogateescape")
        return {row["id"]: row["split"] for row in csv.DictReader(io.StringIO(text, newline=""))}
    except OSError as error:
        raise BadImages(f"cannot read the split {path}: {error.strerror or error}.") from error
    except (KeyError, csv.Error) as error:
        raise BadImages(
            f"{path} is no split: its columns must be id, label, split. Delete it to split again."
        ) from error


def _choose(images: Images, free: Sequence[int], shares: dict[str, float], seed: int) -> dict[int, str]:
    """A split for each free image."""
    members = defaultdict(list)
    for i in free:
        members[images.groups[i] if images.groups else images.ids[i]].append(i)
    groups = [members[name] for name in sorted(members, key=lambda name: _shuffled(name, seed))]
    strata = defaultdict(list)
    for group in groups:
        strata[_commonest(images.labels[group])].append(group)
    chosen = dict.fromkeys(free, "train")
    for stratum in strata.values():
        chosen |= _judges(stratum, shares)
    return _with_every_class_trained(images, groups, chosen)


def _judges(groups: list[list[int]], shares: dict[str, float]) -> dict[int, str]:
    """The images of one class that are not trained on, and their split."""
    count = sum(map(len, groups))
    chosen: dict[int, str] = {}
    for split, share in shares.items():
        for group in _groups_for(count * share, groups):
            groups = [other for other in groups if other is not group]
            chosen |= dict.fromkeys(group, split)
    return chosen


def _groups_for(wanted: float, groups: list[list[int]]) -> list[list[int]]:
    """Groups in order as long as they fit, the smallest where none does.

    A group larger than a tenth of what is wanted comes after all others: its members are judged alike,
    so it would count as many images while it says as much as one.
    """
    if not wanted or len(groups) < 2:
        return []
    taken, room = [], round(wanted)
    for group in sorted(groups, key=lambda group: len(group) > max(1, wanted * LARGE)):
        if len(group) <= room:
            taken.append(group)
            room -= len(group)
    return taken or [min(groups, key=len)]


def _with_every_class_trained(
    images: Images, groups: list[list[int]], chosen: dict[int, str]
) -> dict[int, str]:
    # only groups that span classes can take the last training image of a class away
    trained = {images.labels[i] for i, split in chosen.items() if split == "train"}
    for group in groups:
        if not trained.issuperset(images.labels[group]):
            chosen |= dict.fromkeys(group, "train")
            trained.update(images.labels[group])
    return chosen


def _only_trained_on(images: Images, chosen: dict[int, str]) -> list[str]:
    judged = {images.labels[i] for i, split in chosen.items() if split == "val"}
    lone = sorted({int(images.labels[i]) for i in chosen} - judged - {-1})
    if not lone:
        return []
    names = ", ".join(repr(images.classes[label]) for label in lone[:8]) + (", …" if len(lone) > 8 else "")
    return [f"Used for training only, as they have a single image or group: {names}."]


def _shuffled(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogateescape")).digest()


def _commonest(labels: np.ndarray) -> int:
    """The most frequent label; the smallest of equals."""
    return min(Counter(labels.tolist()).items(), key=lambda item: (-item[1], item[0]))[0]
