"""What one look at a picture tells, without keeping its pixels."""

from dataclasses import dataclass

import numpy as np

THUMBNAIL = 32  # pixels each way; the whole picture is squeezed into the square


@dataclass(frozen=True)
class Seen:
    """The reason why a file cannot be used, or its size, its content and how it is stored.

    ``size`` is (height, width) upright, ``content`` a SHA-256 of the file, ``conversions`` the keys of
    ``CONVERSIONS`` that its pixels need, ``compression`` the mean of JPEG's quantisation table (0: none),
    ``thumbnail`` ``[32, 32, 3]`` uint8 as bytes; empty where only the header was read.
    """

    reason: str = ""
    size: tuple[int, int] = (0, 0)
    content: str = ""
    conversions: tuple[str, ...] = ()
    format: str = ""
    mode: str = ""
    camera: str = ""
    compression: int = 0
    thumbnail: bytes = b""

    @property
    def small(self) -> np.ndarray:
        """The thumbnail, uint8 ``[32, 32, 3]``."""
        return np.frombuffer(self.thumbnail, np.uint8).reshape(THUMBNAIL, THUMBNAIL, 3)


def thumbnail(pixels: np.ndarray) -> bytes:
    """Pixels uint8 ``[height, width, 3 or 1]`` as the bytes of a thumbnail; each is the mean of its area."""
    from PIL import Image

    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    small = picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return small.convert("RGB").tobytes()
