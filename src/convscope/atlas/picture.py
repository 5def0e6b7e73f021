"""Pictures by the key that stands in their address: a surveyed image by its row, or one that was dropped in."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.check import read_json, readable
from convscope.atlas.read import Atlas
from convscope.atlas.write import write_picture
from convscope.errors import BadAtlas, UnknownName
from convscope.plain.files import write_json

UPLOAD = re.compile(r"u[0-9a-f]{16}")
ABOUT = "upload.json"


@dataclass(frozen=True)
class Picture:
    """One picture: ``key`` stands in its address, ``id`` in questions about it.

    ``folder`` holds its stack, ``memory`` is the root of its remembered maps, ``photo`` what the network is
    shown of it; ``height`` and ``width`` are of the source, in pixels.
    """

    key: str
    id: str
    row: int | None
    folder: Path
    memory: Path
    photo: Path
    height: int
    width: int

    def pixels(self) -> np.ndarray:
        """What the network is shown, uint8 ``[H, W, 1 or 3]``; raises BadAtlas."""
        if not self.photo.is_file():
            raise BadAtlas(
                f"the atlas holds no photograph of {self.id}: `convscope stack RUN {self.key}` makes it"
            )
        with readable(self.photo), Image.open(self.photo) as picture:
            pixels = np.asarray(picture if picture.mode in ("L", "RGB") else picture.convert("RGB"))
        return pixels if pixels.ndim == 3 else pixels[:, :, None]


def find_picture(atlas: Atlas, key: str) -> Picture:
    """The picture of that key; raises UnknownName."""
    # "٣".isdigit() holds too, and int() of a very long number is refused by Python itself
    if key.isascii() and key.isdigit() and len(key) < 10 and int(key) < len(atlas.images):
        return _surveyed(atlas, int(key))
    folder = layout.upload_folder(atlas.path, key)
    if UPLOAD.fullmatch(key) and (folder / ABOUT).is_file():
        return _upload(folder)
    raise UnknownName("image", key, (), f"This atlas has images 0 to {len(atlas.images) - 1}.")


def _surveyed(atlas: Atlas, row: int) -> Picture:
    images, photo = atlas.images, layout.photo_file(atlas.path, row)
    folder = layout.stack_folder(atlas.path, row)
    size = int(images.heights[row]), int(images.widths[row])
    return Picture(str(row), images.ids[row], row, folder, atlas.path, photo, *size)


def _upload(folder: Path) -> Picture:
    about: Any = read_json(folder / ABOUT)
    with readable(folder / ABOUT):
        size = int(about["height"]), int(about["width"])
    return Picture(folder.name, f"upload:{folder.name}", None, folder, folder, folder / "photo.png", *size)


def keep_upload(atlas: Atlas, image: np.ndarray) -> Picture:
    """Keep what the network is shown of a picture, uint8 ``[h, w, 1 or 3]``, under a name made of its content."""
    pixels = atlas.fit.apply(image)
    key = (
        "u"
        + hashlib.sha256(f"{image.shape}".encode() + np.ascontiguousarray(image).tobytes()).hexdigest()[:16]
    )
    folder = layout.upload_folder(atlas.path, key)
    write_picture(folder / "photo.png", pixels)
    write_json(folder / ABOUT, {"height": image.shape[0], "width": image.shape[1]})
    return _upload(folder)


def uploads(atlas: Atlas) -> Iterator[Picture]:
    """Every picture that was dropped in, the latest first."""
    found = list((atlas.path / "uploads").glob(f"u*/{ABOUT}"))
    for about in sorted(found, key=lambda path: -path.stat().st_mtime):
        if UPLOAD.fullmatch(about.parent.name):
            yield _upload(about.parent)


def forget_upload(atlas: Atlas, key: str) -> None:
    """Remove a picture that was dropped in, and all that was seen of it; raises UnknownName."""
    picture = find_picture(atlas, key)
    if picture.row is not None:
        raise UnknownName("upload", key, (other.key for other in uploads(atlas)))
    shutil.rmtree(picture.folder)
