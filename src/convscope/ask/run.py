"""A run folder as a microscope needs it: its model, the images it was trained on, its atlas."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.atlas.layout import MANIFEST
from convscope.errors import BadAtlas
from convscope.images import open_images, read_split
from convscope.images.source import Images


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


def subject(place: str, model: Any, data: str | None, into: str | None, split: str) -> Subject:
    """What a survey of the ``model`` opened from ``place`` is about; raises BadAtlas where the images are not known."""
    if is_run(place):
        chosen = "val" if split == "auto" else split
        return Subject(model, run_images(Path(place), data), Path(into or Path(place) / "atlas"), chosen)
    if data is None:
        raise BadAtlas(f"{place} is no run folder, so its images are not known: give them with --data FOLDER")
    return Subject(model, open_images(data), Path(into or f"{model.name}-atlas"), split)
