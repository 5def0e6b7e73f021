"""What becomes of the pixels of an image file: one stated table.

==============================  ==================================================================
found in the file               becomes
==============================  ==================================================================
RGB, 8 or 16 bits a channel     colour ``[height, width, 3]`` (the upper 8 bits)
grey, 8 bits                    grey ``[height, width, 1]``
grey, 16 bits                   grey, scaled by 1/257 and rounded
1 bit                           grey, 0 and 255
palette                         colour
CMYK, YCbCr                     colour (ICC profiles are not applied)
transparency of any kind        laid on white
EXIF orientation                turned upright
several frames or pages         the first one
32-bit integer, float, Lab      refused: their scale is not known
above 50 megapixels or 64 MB    refused before decoding
==============================  ==================================================================
"""

from typing import TYPE_CHECKING

import numpy as np

from convscope.errors import BadImages

if TYPE_CHECKING:
    from PIL.Image import Image

CONVERSIONS = {
    "deep": "16-bit grey scaled by 1/257 to 8 bits",
    "bilevel": "1-bit pixels made grey 0 and 255",
    "palette": "Palette colours made RGB",
    "cmyk": "CMYK made RGB (ICC profiles are not applied)",
    "ycbcr": "YCbCr made RGB",
    "alpha": "Transparent parts laid on white",
    "orientation": "Turned upright as their EXIF orientation says",
    "frames": "Only the first of several frames or pages used",
}
COLOUR = {
    "P": "palette",
    "PA": "palette",
    "CMYK": "cmyk",
    "YCbCr": "ycbcr",
    "RGB": "",
    "RGBX": "",
    "RGBA": "",
    "RGBa": "",
}
GREY = {"1": "bilevel", "L": "", "LA": "", "La": ""}
UPRIGHT = {  # EXIF orientation -> Pillow's Transpose
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
    6: "ROTATE_270", 7: "TRANSVERSE", 8: "ROTATE_90",
}  # fmt: skip
EXIF_ORIENTATION, EXIF_MAKE, EXIF_MODEL = 0x0112, 0x010F, 0x0110


def pixels(picture: "Image") -> tuple[np.ndarray, tuple[str, ...]]:
    """A Pillow image by the table, and the keys of CONVERSIONS that were applied; raises BadImages."""
    # before Pillow 11.3, a 16-bit PNG opens as 32-bit integers
    deep = picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format == "PNG")
    told = []
    turn = orientation(picture)
    if turn in UPRIGHT:
        from PIL.Image import Transpose

        picture = picture.transpose(Transpose[UPRIGHT[turn]])
        told.append("orientation")
    if deep:
        return _from_16_bits(picture), (*told, "deep")
    if picture.mode not in COLOUR and picture.mode not in GREY:
        raise BadImages(f"pixels of type {picture.mode!r} have no known scale; save it as 8-bit RGB or grey")
    told.append(COLOUR.get(picture.mode) or GREY.get(picture.mode, ""))
    if picture.has_transparency_data:
        told.append("alpha")
    return _from_8_bits(picture), tuple(filter(None, told))


def orientation(picture: "Image") -> int:
    """EXIF orientation 1 to 8, 1 where there is none; 5 to 8 swap height and width."""
    try:
        return int(picture.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # unreadable metadata is no reason to refuse the pixels
        return 1


def camera(picture: "Image") -> str:
    """Maker and model of the camera by EXIF, printable and short; empty where it is not said."""
    try:
        exif = picture.getexif()
        words = (str(exif.get(tag, "")) for tag in (EXIF_MAKE, EXIF_MODEL))
        return "".join(c for c in " ".join(words) if c.isprintable()).strip()[:60]
    except Exception:  # unreadable metadata is no reason to refuse the pixels
        return ""


def _from_16_bits(picture: "Image") -> np.ndarray:
    return ((np.array(picture, dtype=np.uint32) + 128) // 257).astype(np.uint8)[:, :, None]


def _from_8_bits(picture: "Image") -> np.ndarray:
    from PIL import Image

    grey = picture.mode in GREY
    if picture.mode in ("La", "RGBa"):  # premultiplied alpha converts only to its plain form
        picture = picture.convert(picture.mode.upper())
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    array = np.asarray(picture.convert("L" if grey else "RGB"))
    return array[:, :, None] if grey else array
