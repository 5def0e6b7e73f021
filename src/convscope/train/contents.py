"""What a set of images holds, counted."""

from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.source import Images

MEASURED = 2000  # images whose size is looked at


def contents(images: Images) -> dict[str, Any]:
    """Images of each class in each split, and how large they are (height, width) in pixels."""
    parts = [split for split in ("train", "val", "test") if split in images.splits]
    splits = np.array(images.splits, dtype=object)
    count = lambda label, split: int(((images.labels == label) & (splits == split)).sum())  # noqa: E731
    return {
        "images": len(images),
        "splits": {split: int((splits == split).sum()) for split in parts},
        "classes": [
            {"class": name} | {split: count(label, split) for split in parts}
            for label, name in enumerate(images.classes)
        ],
        "without_class": int((images.labels < 0).sum()),
        "unreadable": len(images.problems),
        "sizes": sizes(images),
    }


def sizes(images: Images) -> dict[str, Any]:
    """Smallest, middle and largest (height, width) by area, of images spread evenly over the set."""
    rows = np.unique(np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(int))
    found = []
    for row in rows:
        try:
            found.append(images.size(int(row)))
        except BadImages:
            continue
    ordered = sorted(found, key=lambda size: (size[0] * size[1], size))
    if not ordered:
        return {"measured": 0}
    return {
        "measured": len(ordered),
        "smallest": list(ordered[0]),
        "median": list(ordered[len(ordered) // 2]),
        "largest": list(ordered[-1]),
    }
