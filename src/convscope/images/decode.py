"""Image files to uint8 pixels; the only place where untrusted bytes are parsed."""

import hashlib
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from convscope.errors import BadImages
from convscope.images.conversion import UPRIGHT, camera, orientation, pixels
from convscope.images.seen import THUMBNAIL, Seen, thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
MOVED = ("GIF", "TIFF")  # asked for its frames, a picture of these moves in its file: another one is asked
LARGEST_FILE = 64_000_000  # bytes
LARGEST_IMAGE = 50_000_000  # pixels


def decode(source: Path | bytes) -> np.ndarray:
    """Pixels of an image file, uint8 ``[height, width, 3 or 1]``, by the table of ``convscope.images.conversion``.

    Raises BadImages with the reason, and with the path where one was given.
    """
    return decode_and_tell(source)[0]


def decode_and_tell(source: Path | bytes) -> tuple[np.ndarray, tuple[str, ...]]:
    """``decode``, and the keys of CONVERSIONS that were applied."""
    if isinstance(source, Path):
        with naming(source):
            return decode_and_tell(read_file(source))
    if len(source) > LARGEST_FILE:
        raise BadImages(f"{len(source):,} bytes; at most {LARGEST_FILE:,} are read")
    with _only_reasons(), _quiet(), _opened(BytesIO(source)) as picture:
        told = _told_by_header(picture, source)
        picture.load()
        array, also_told = pixels(picture)
        return array, tuple(dict.fromkeys((*told, *also_told)))


def glance(data: bytes) -> Seen:
    """What one look at an image file tells; all of it is decoded, JPEG at the scale of a thumbnail.

    Raises BadImages with the reason alone.
    """
    with _only_reasons(), _quiet(), _opened(BytesIO(data)) as picture:
        told = _told_by_header(picture, data)
        size, mode = picture.size, picture.mode
        picture.draft(None, (2 * THUMBNAIL, 2 * THUMBNAIL))
        picture.load()  # before anything is asked: asking a damaged PNG would make it pass for whole
        array, also_told = pixels(picture)
        return Seen(
            size=_upright(picture, size),
            mode=mode,
            content=hashlib.sha256(data).hexdigest(),
            conversions=tuple(dict.fromkeys((*told, *also_told))),
            thumbnail=thumbnail(array),
            **_about(picture),
        )


def _about(picture: "Image") -> dict[str, Any]:
    """How the picture is stored, and what took it."""
    tables = getattr(picture, "quantization", None) or {}
    first = next(iter(tables.values()), ())
    return {
        "format": picture.format or "",
        "camera": camera(picture),
        "compression": round(sum(first) / max(len(first), 1)),
    }


def measure(source: Path | bytes) -> tuple[int, int]:
    """(height, width) of an image file, upright, from its header; raises BadImages with the reason alone."""
    with _only_reasons(), _quiet(), _file(source) as file, _opened(file) as picture:
        return _upright(picture, picture.size)


def _upright(picture: "Image", size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) of a picture that its header calls (width, height)."""
    # Pillow turns TIFF files itself, and gives their size upright
    turned = picture.format != "TIFF" and orientation(picture) >= 5
    width, height = size
    return (width, height) if turned else (height, width)


def read_file(path: Path) -> bytes:
    """The bytes of a regular file of at most LARGEST_FILE; raises BadImages with the reason alone."""
    try:
        return _regular(path).read_bytes()
    except OSError as error:
        raise BadImages(f"cannot be opened: {error.strerror or error}") from error


def _regular(path: Path) -> Path:
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):  # opening a pipe would wait for ever
        raise BadImages("a folder" if stat.S_ISDIR(facts.st_mode) else "not a regular file")
    if facts.st_size > LARGEST_FILE:
        raise BadImages(f"{facts.st_size:,} bytes; at most {LARGEST_FILE:,} are read")
    return path


def _file(source: Path | bytes) -> BinaryIO:
    return _regular(source).open("rb") if isinstance(source, Path) else BytesIO(source)


def _opened(file: BinaryIO) -> "Image":
    from PIL import Image

    if not file.read(1):
        raise BadImages("an empty file (0 bytes)")
    file.seek(0)
    picture = Image.open(file, formats=FORMATS)
    width, height = picture.size
    if width * height > LARGEST_IMAGE:
        raise BadImages(f"{width} x {height} pixels; at most {LARGEST_IMAGE:,} are read")
    return picture


def _told_by_header(picture: "Image", data: bytes) -> list[str]:
    """What must be asked before the pixels are read."""
    if picture.format not in MOVED:
        return ["frames"] * getattr(picture, "is_animated", False)
    told = []
    with _opened(BytesIO(data)) as picture:
        # Pillow turns TIFF files itself, while loading
        if picture.format == "TIFF" and orientation(picture) in UPRIGHT:
            told.append("orientation")
        with suppress(Exception):  # a damaged second frame is no reason to refuse the first
            told += ["frames"] * getattr(picture, "is_animated", False)
    return told


@contextmanager
def naming(place: object) -> Iterator[None]:
    """Errors inside are about this file; its name is put before their reason."""
    try:
        yield
    except BadImages as error:
        raise BadImages(f"cannot read {place}: {error}.") from error


@contextmanager
def _only_reasons() -> Iterator[None]:
    # hostile files raise OSError, SyntaxError, ValueError and more: any of them is the file's fault
    try:
        yield
    except BadImages:
        raise
    except Exception as error:
        raise BadImages(_reason(error)) from error


def _reason(error: Exception) -> str:
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return f"not an image in a format that can be read ({', '.join(FORMATS)})"
    if isinstance(error, Image.DecompressionBombError):
        return f"too many pixels; at most {LARGEST_IMAGE:,} are read"
    return f"damaged ({' '.join(str(error).split()) or type(error).__name__})"


class _Quiet:
    """Pillow's warnings off while anyone decodes; warnings.catch_warnings alone is not thread-safe."""

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self.lock:
            if self.inside == 0:
                self.filters = warnings.catch_warnings()
                self.filters.__enter__()
                warnings.simplefilter("ignore")
            self.inside += 1
        try:
            yield
        finally:
            with self.lock:
                self.inside -= 1
                if self.inside == 0:
                    self.filters.__exit__(None, None, None)


_quiet = _Quiet()
