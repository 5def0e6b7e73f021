"""A folder of images: class folders, ``train/`` and ``val/`` with class folders, or just files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from convscope.errors import BadImages
from convscope.images.listing import Listing, list_folder
from convscope.images.placing import outer_folder, place, placed_images
from convscope.images.source import Images, Problem
from convscope.images.verify import look_at


def accepts(source: Any) -> bool:
    return isinstance(source, str | Path)


def open_source(source: str | Path) -> Images:
    """Every image below a folder; its class is the name of the class folder, its id the path.

    A folder whose only content is one folder with class folders is passed through, as unpacking often makes it.
    Damaged files are listed in ``problems``, what is passed over in ``notes``; the folder is only
    read. Raises BadImages where there is no folder or no readable image in it.
    """
    root = _existing(Path(source))
    listing = list_folder(root)
    passed = outer_folder(listing)
    if passed:
        root = root / passed
        listing = list_folder(root)
    placed, misplaced = place(listing)
    files = look_at((root / one.path for one in placed), place=str(root))
    images = placed_images(root.name, listing, placed, misplaced, files)
    if not len(images):
        raise BadImages(_nothing_in(source, listing, images.problems))
    said = f"All pictures lie in the folder {passed!r}; the folders in it were taken for the classes."
    return replace(images, notes=(said, *images.notes)) if passed else images


def _existing(path: Path) -> Path:
    if not path.exists():
        raise BadImages(
            f"there is no folder or image file {str(path)!r} in {Path.cwd()}; "
            "check the spelling, or use a bundled set: emoji or fashion."
        )
    return path.resolve()


def _nothing_in(source: str | Path, listing: Listing, problems: Sequence[Problem]) -> str:
    if problems:
        first = problems[0]
        return f"no readable image in {source}: {len(problems)} files failed, the first is {first.path}: {first.reason}."
    if listing.others or listing.hidden:
        return f"no image in {source}: {len(listing.others) + len(listing.hidden)} other entries; give a folder of image files."
    return f"the folder {source} is empty; give one with images, to train with a folder of them per class."
