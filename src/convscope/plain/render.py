"""From numbers to display pixels: one stated scaling, zero always the same grey."""

import io
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from convscope.errors import BadOutput
from convscope.plain.colour import oklch

ZERO = 128  # grey level of zero in every signed picture
SATURATION = 99.5  # percentile of |value| that is drawn as full colour
OTHER_PICTURES = (".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg", ".pdf")
DIM = 0.55  # brightness left to a picture that lies under a map
POSITIVE, NEGATIVE = oklch(0.7, 0.15, 55), oklch(0.7, 0.15, 250)  # orange and blue, neither louder


class Rendered(NamedTuple):
    """Display pixels uint8 ``[h, w, 3]`` and the absolute value that was drawn as full colour."""

    pixels: np.ndarray
    scale: float


def full_scale(array: np.ndarray) -> float:
    """The 99.5th percentile of the absolute non-zero values; 0 for an all-zero map."""
    magnitude = np.abs(array[array != 0])
    return float(np.percentile(magnitude, SATURATION)) if magnitude.size else 0.0


def signed(array: np.ndarray, scale: float | None = None) -> Rendered:
    """A signed map ``[h, w, channels]`` as colours, symmetric about zero, zero exactly mid-grey.

    One channel is drawn grey, three as red, green and blue; of more channels the first three are drawn.
    """
    scale = full_scale(array) if scale is None else scale
    colours = array if array.shape[2] >= 3 else np.repeat(array[:, :, :1], 3, axis=2)
    unit = np.clip(colours[:, :, :3] / scale, -1, 1) if scale > 0 else np.zeros_like(colours[:, :, :3])
    return Rendered(np.rint(ZERO + unit * 127).astype(np.uint8), scale)


def heat(array: np.ndarray, picture: np.ndarray, scale: float | None = None) -> Rendered:
    """A map ``[h, w, 1]`` over ``picture`` ``[h, w, c]``, which is shown grey and dimmed where the map is zero.

    Positive values are orange, negative ones blue, of equal lightness and chroma, so that neither sign looks
    larger; the colour covers the picture in proportion to the value.
    """
    scale = full_scale(array) if scale is None else scale
    value = np.clip(array[:, :, 0] / scale, -1, 1) if scale > 0 else np.zeros(array.shape[:2])
    ground = DIM * picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
    strength = np.abs(value)[:, :, None]
    colour = np.where(value[:, :, None] > 0, POSITIVE, NEGATIVE)
    pixels = ground + strength * (colour - ground)
    return Rendered(np.rint(pixels).astype(np.uint8), scale)


def unsigned(array: np.ndarray, top: float) -> np.ndarray:
    """A map ``[h, w]`` as grey uint8: 0 for zero and below, 255 for ``top`` and above."""
    return np.rint(np.clip(array / top if top > 0 else array * 0, 0, 1) * 255).astype(np.uint8)


def encode(pixels: np.ndarray, kind: str = "PNG", quality: int = 80) -> bytes:
    """uint8 ``[h, w]`` or ``[h, w, 1 or 3]`` as PNG or JPEG bytes without metadata.

    A JPEG keeps colour at half the resolution: of a strip that costs no legibility and saves a third of its bytes
    and half of its time. It is coded in blocks of 16 pixels: tiles of 16 n pixels mix in their last pixel only.
    A PNG takes a quarter of the usual time: in maps and photographs hardly anything repeats but the last byte, and looked
    through for nothing else, maps are a fortieth smaller and photographs as large.
    """
    squeezed = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    buffer = io.BytesIO()
    options = (
        {"quality": quality, "subsampling": "4:2:0"}
        if kind == "JPEG"
        else {"compress_type": zlib.Z_RLE, "compress_level": 4}
    )
    Image.fromarray(squeezed).save(buffer, kind, **options)
    return buffer.getvalue()


def save_png(path: str | Path, pixels: np.ndarray) -> Path:
    """Write pixels as a PNG, whole or not at all; raises BadOutput where the name says that it is something else."""
    from convscope.plain.files import write_bytes

    path = Path(path)
    if path.suffix.lower() in OTHER_PICTURES:
        better = path.with_suffix(".png").name
        raise BadOutput(
            f"{path} would hold a PNG, which loses no number: call it {better}, and convert that."
        )
    write_bytes(path, encode(pixels))
    return path


def tile_box(
    box: tuple[float, float, float, float], height: int, width: int, middle: tuple[int, int] | None = None
) -> tuple[int, int, int, int]:
    """What a tile shows (left, top, width, height) of an image: the field, or the image where that is smaller.

    Or only the ``middle`` of the field (height, width), moved into the image where it would reach beyond.

    >>> tile_box((-50, 10, 150, 210), 224, 224, (100, 100))
    (0, 60, 100, 100)
    """
    left, top, right, bottom = box
    if middle:
        y, x = round((top + bottom - middle[0]) / 2), round((left + right - middle[1]) / 2)
        return max(0, min(x, width - middle[1])), max(0, min(y, height - middle[0])), middle[1], middle[0]
    side_x, side_y = round(right - left), round(bottom - top)
    if side_x >= width:
        left, side_x = 0, width
    if side_y >= height:
        top, side_y = 0, height
    return round(left), round(top), side_x, side_y


def window(image: np.ndarray, box: tuple[int, int, int, int], fill: float) -> np.ndarray:
    """Pixels (left, top, width, height) of ``image``; what lies outside is ``fill``."""
    left, top, width, height = box
    out = np.full((height, width, image.shape[2]), fill, dtype=image.dtype)
    part = image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    y, x = max(-top, 0), max(-left, 0)
    out[y : y + part.shape[0], x : x + part.shape[1]] = part
    return out


COUNTABLE = 3  # from this enlargement on, single pixels are drawn as squares


def scale_tile(image: np.ndarray, side: int) -> np.ndarray:
    """A ``[h, w, c]`` window as a ``side`` x ``side`` tile: pixels as squares, smoothed, or areas averaged.

    Works on uint8 and on float32; floats are averaged before they are turned into colours, so that
    opposite signs cancel as they would for an eye at a distance.
    """
    long = max(image.shape[:2])
    method = Image.Resampling.BOX if long > side else Image.Resampling.BICUBIC
    if long * COUNTABLE <= side:
        method = Image.Resampling.NEAREST
    if image.dtype == np.uint8 and image.shape[2] == 3:  # the same, in a third less time
        return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((side, side), method))
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(image[:, :, c])).resize((side, side), method))
        for c in range(image.shape[2])
    ]
    return np.stack(planes, axis=2)
