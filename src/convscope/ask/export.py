"""A model as a file for other programs, checked on real pictures before it is written."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.ask.run import is_run, run_images
from convscope.errors import BadModel, BadOutput
from convscope.images import open_images
from convscope.images.source import Images
from convscope.plain.files import write_bytes
from convscope.plain.fit import match_channels

CHECKED = 32  # pictures


@dataclass(frozen=True)
class Exported:
    """What was written, and how closely it answers as the model does.

    ``difference`` is the largest of any probability on any picture, ``agreement`` the share of pictures
    with the same first class.
    """

    path: str
    bytes: int
    images: int
    source: str
    difference: float
    agreement: float
    tolerance: float

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.bytes / 1e6:.1f} MB; pictures in (uint8, RGB, any size), named probabilities out; on "
            f"{self.images} pictures of {self.source} they differ from the model's by at most {self.difference:.1g}, "
            f"the first class is the same on {self.agreement:.0%}"
        )


def export(model: Any, path: str | Path, images: Any = None, *, tolerance: float = 1e-4) -> Exported:
    """Write a model as ``.onnx`` or ``.pt2`` with its preprocessing inside; anything ``open_model`` takes.

    The file takes uint8 ``[pictures, height, width, 3]`` of any size, fits and normalises them as the model does
    and gives probabilities; class names, preprocessing and the result of the check are in its metadata. It is
    run on up to 32 of ``images`` first (those given, else a run's validation pictures, else bundled ones).

    Raises BadModel where a probability differs by more than ``tolerance``, and then writes nothing; BadOutput
    for another kind of file.

    >>> cs.export("runs/photos", "photos.onnx").difference < 1e-4  # doctest: +SKIP
    """
    from convscope.model.export import FORMATS, about, trace
    from convscope.nets.open import open_model

    place = Path(path)
    if place.suffix not in FORMATS:
        raise BadOutput(f"cannot export to {place}: choose a name that ends in {' or '.join(FORMATS)}")
    opened = open_model(model)
    pictures, source = _pictures(model, images)
    made = FORMATS[place.suffix](trace(opened))
    difference, agreement = _compare(opened, made.runner(), pictures)
    if not difference <= tolerance:  # NaN is refused too
        raise BadModel(
            f"the exported {opened.name} answers differently: by up to {difference:.2g} in a probability, more than "
            f"the tolerance of {tolerance:g}, on {len(pictures)} pictures of {source}. Nothing was written"
        )
    check = {
        "images": len(pictures), "source": source, "difference": difference, "agreement": agreement,
        "tolerance": tolerance,
    }  # fmt: skip
    data = made.bytes(about(opened) | {"parity": check})
    write_bytes(place, data)
    return Exported(str(place), len(data), **check)


def _pictures(model: Any, images: Any) -> tuple[list[np.ndarray], str]:
    """(pictures evenly spread over a source, its name): given, the run's own or bundled."""
    if images is not None:
        found = images if isinstance(images, Images) else open_images(images)
        name = str(images) if isinstance(images, str | Path) else "those given"
    elif isinstance(model, str | Path) and is_run(model):
        found, name = run_images(Path(model)).split("val"), f"{model}, validation"
    else:
        found, name = open_images("emoji"), "the bundled emoji"
    rows = np.unique(np.linspace(0, len(found) - 1, min(CHECKED, len(found))).astype(int))
    return [match_channels(found[int(row)], 3) for row in rows], name


def _compare(model: Any, run: Any, pictures: Sequence[np.ndarray]) -> tuple[float, float]:
    """(largest difference of a probability, share of pictures with the same first class)."""
    differences, same = [], 0
    for picture in pictures:
        expected = model.probabilities(model.preprocess(picture)[None]).numpy()
        found = run(np.stack([picture, picture]))  # two, so that their number is seen to be free
        differences.append(np.abs(found - expected).max())
        same += int((found.argmax(1) == expected.argmax(1)).all())
    return float(np.max(differences)), same / len(pictures)
