"""``convscope predict MODEL PICTURES``."""

import csv
import sys
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from convscope.cli.network import Network
from convscope.cli.show import Count, print_json

if TYPE_CHECKING:
    from convscope.images import Images


def predict(
    model: str,
    /,
    *pictures: str,
    top: Count = 3,
    network: Annotated[Network | None, Parameter(name="*")] = None,
    format: Literal["table", "csv", "json"] = "table",
    json: bool = False,
) -> None:
    """Class names and probabilities of pictures.

    Parameters
    ----------
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    pictures
        Files, folders and patterns such as "photos/*.jpg".
    top
        How many classes to name.
    format
        table, csv or json.
    json
        The same as --format json.
    """
    from convscope.errors import BadImages
    from convscope.train.evaluate import predict as classify

    if not pictures:
        raise BadImages("no picture was given: name files, folders or patterns after the model")
    opened = (network or Network()).open(model)
    rows = []
    for images in _opened(pictures):
        for problem in images.problems:
            print(f"convscope: skipped {problem.path}: {problem.reason}", file=sys.stderr)
        rows += [(row.id, row.top(opened.classes, top)) for row in classify(opened, images)]
    if json or format == "json":
        print_json(
            [{"image": name, "top": [{"class": c, "probability": p} for c, p in best]} for name, best in rows]
        )
    elif format == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(["image", "rank", "class", "probability"])
        writer.writerows(
            [name, rank, c, f"{p:.6f}"] for name, best in rows for rank, (c, p) in enumerate(best, 1)
        )
    else:
        for name, best in rows:
            print(f"{name}  " + "  ".join(f"{c} {p:.1%}" for c, p in best))


def _opened(pictures: tuple[str, ...]) -> Iterator["Images"]:
    """One source for all single files together, so that a damaged one is skipped; one for each folder."""
    from convscope.images import open_images

    paths = [path for picture in pictures for path in _matching(picture)]
    files = [path for path in paths if Path(path).is_file()]
    yield from map(open_images, [files] if len(files) > 1 else files)
    yield from (open_images(path) for path in paths if path not in files)


def _matching(picture: str) -> list[str]:
    """The files a pattern names, where the shell has not already said so."""
    if Path(picture).exists():
        return [picture]
    return sorted(glob(picture, recursive=True)) or [picture]  # noqa: PTH207 - a pattern may be absolute
