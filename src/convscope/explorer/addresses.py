"""Every address of the site: the same on the server and as files, always relative, never a path of yours.

Pictures have the address they have inside the atlas folder; pages are folders.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.excerpt import rows_in
from convscope.plain.names import escape

CHANNELS_A_SHARD = 8
PANELS_A_SHARD = 2  # about 7 KB: what opening one channel costs besides its pictures
ROWS_A_PAGE = 500  # images on a page
PICTURE = re.compile(
    r"(?P<control>control/)?(?:images/(?:thumbs-\d{3,6}\.jpg|photo-\d{1,9}\.png)"
    r"|layers/(?P<folder>[A-Za-z0-9_.~-]+)/"
    r"(?:(?:strips|context|sources|quantiles|evolution)/\d{1,6}\.jpg|sheets/(?:patches|projections)-\d{3,6}\.jpg|kernels\.png|(?:loupe|maps)/\d{1,6}\.png))"
)


@dataclass(frozen=True)
class Here:
    """The place of a page: how deep it lies, and whether links must name ``index.html`` (files on a disk)."""

    depth: int
    portable: bool

    @property
    def root(self) -> str:
        return "../" * self.depth

    def page(self, address: str) -> str:
        """The relative link to a page; page addresses are empty or end in a slash.

        >>> Here(2, portable=False).page("about/"), Here(0, portable=True).page("about/")
        ('../../about/', 'about/index.html')
        """
        return f"{self.root}{address}{'index.html' if self.portable else ''}" or "./"

    def file(self, address: str | Path) -> str:
        """The relative link to a picture, script or style sheet."""
        return self.root + (address if isinstance(address, str) else address.as_posix())


def layer_page(layer: str) -> str:
    return f"layer/{escape(layer)}/"


def image_page(key: str) -> str:
    """The address of one picture: a surveyed image by its row, one that was dropped in by its key."""
    return f"image/{key}/"


def panels_script(layer: str, shard: int) -> str:
    return f"{layer_page(layer)}panels/{shard:03d}.js"


def likeness_script(layer: str, shard: int) -> str:
    return f"{layer_page(layer)}like/{shard:03d}.js"


def loupe_script(chosen: int, layer: str) -> str:
    return f"loupe/{chosen}/{escape(layer)}.js"


def sheet_picture(layer: str, kind: str, number: int) -> str:
    return layout.sheet_file(Path(), layer, kind, number).as_posix()


def shards(layer: AtlasLayer, channels: int = CHANNELS_A_SHARD) -> range:
    """Numbers of the scripts of a layer that hold so many channels each."""
    return range(-(-layer.channels // channels))


def has(atlas: Atlas, address: Path) -> bool:
    """Whether a picture, addressed as in ``layout`` with an empty root, is there."""
    return (atlas.path / address).is_file()


def class_page(index: int) -> str:
    return f"class/{index}/"


def gallery_page(group: str = "all", number: int = 1) -> str:
    """The address of a page of a group.

    >>> gallery_page(), gallery_page("wrong", 2)
    ('images/', 'images/wrong/2/')
    """
    return "images/" if (group, number) == ("all", 1) else f"images/{group}/{number}/"


def home_of(atlas: Atlas, row: int) -> str:
    """The address of a row among all images that are shown."""
    return gallery_page("all", int(np.searchsorted(rows_in(atlas), row)) // ROWS_A_PAGE + 1)


def why_page(row: int, against: int | None = None) -> str:
    """The address of why an image was called what it was; ``against`` only where it was asked more than once.

    >>> why_page(17), why_page(17, 3)
    ('image/17/why/', 'image/17/why/3/')
    """
    return f"image/{row}/why/" + ("" if against is None else f"{against}/")


def why_pages(atlas: Atlas) -> dict[str, tuple[int, int]]:
    """Address to (row, class asked against) of every why that is remembered; a row's first has the short address."""
    found: dict[str, tuple[int, int]] = {}
    for row, against in atlas.whys():
        first = why_page(row) not in found
        found[why_page(row) if first else why_page(row, against)] = (row, against)
    return found


def picture_file(atlas: Atlas, address: str) -> Path | None:
    """The file behind a picture's address; None where the address is no picture of this atlas."""
    found = PICTURE.fullmatch(address)
    known = {escape(name) for name in atlas.layers}
    if not found or (found["folder"] is not None and found["folder"] not in known):
        return None
    if not found["control"]:
        return atlas.path / address
    control = control_of(atlas)
    return control and control / address.removeprefix("control/")


def control_of(atlas: Atlas) -> Path | None:
    """The folder of the same survey of a network that learnt nothing (``--control random``), beside the atlas."""
    place = atlas.path.absolute()  # "." has no name
    folder = place.with_name(f"{place.name}-control")
    return folder if (folder / layout.MANIFEST).is_file() else None


def pictures(atlas: Atlas) -> Iterator[str]:
    """Addresses of the pictures that are there; of the control only what panels show."""
    folders = [Path("images"), *(layout.layer_folder(Path(), name) for name in atlas.layers)]
    yield from (address for folder in folders for address in _pictures(atlas.path, folder))
    if control := control_of(atlas):
        for name in atlas.layers:
            strips = layout.strip_file(Path(), name, 0).parent
            yield from (f"control/{address}" for address in _pictures(control, strips))


def _pictures(root: Path, folder: Path) -> Iterator[str]:
    for path in sorted((root / folder).rglob("*.*")):
        address = path.relative_to(root).as_posix()
        if PICTURE.fullmatch(address) and path.is_file():
            yield address
