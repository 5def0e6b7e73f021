"""A run folder as a microscope needs it: its model, the images it was trained on, its atlas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.atlas.layout import MANIFEST
from convscope.errors import BadAtlas
from convscope.images import open_images, read_split
from convscope.images.source import Images
from convscope.images.split import splits_in


@dataclass(frozen=True)
class Subject:
    """What a survey is about: a model, images, and where the atlas goes."""

    model: Any
    images: Images
    into: Path
    split: str


def is_run(place: str | Path) -> bool:
    """Whether a folder is a run of ``convscope train``."""
    return (Path(place) / "config.yaml").is_file()


def run_of(place: str | Path) -> str | None:
    """The run that an atlas belongs to: itself, or the folder around it; None where there is none."""
    return next(
        (str(folder) for folder in (Path(place), Path(place).absolute().parent) if is_run(folder)), None
    )


def has_atlas(place: str | Path) -> bool:
    """Whether an atlas lies in a folder or in a run."""
    root = Path(place)
    return (root / MANIFEST).is_file() or (root / "atlas" / MANIFEST).is_file()


def run_images(folder: Path, data: str | None = None) -> Images:
    """The images of a run with the split it was trained on; ``data`` where they have moved.

    Raises BadImages where they are not what they were.
    """
    from convscope.train.config import read_config

    remembered, _ = read_config(folder / "config.yaml")
    return read_split(open_images(data or remembered), folder / "split.csv")


def trained_in(place: str) -> Path | None:
    """The run that a model is, or is an epoch of, as runs/NAME@5 is; None for any other."""
    from convscope.nets.evolved import checkpoint_of

    if is_run(place):
        return Path(place)
    epoch = checkpoint_of(place)
    return epoch and epoch.run


def subject(place: str, model: Any, data: str | None, into: str | None, split: str) -> Subject:
    """What a survey of the ``model`` opened from ``place`` is about; raises BadAtlas where the images are not known.

    Of a run it is the validation images, unless ``data`` are others than it was trained on: then all of those.
    """
    run = trained_in(place)
    if run is None and data is None:
        raise BadAtlas(f"{place} is no run folder, so its images are not known: give them with --data FOLDER")
    images = None if data is None else open_images(data)
    if run is not None and (images is None or set(images.ids) == set(splits_in(run / "split.csv"))):
        home = run / "atlas" if is_run(place) else Path(f"{model.name}-atlas")
        return Subject(model, run_images(run, data), Path(into or home), "val" if split == "auto" else split)
    assert images is not None
    return Subject(model, images, Path(into or f"{model.name}-atlas"), split)
