"""Small pictures inside a page: made anew from their pixels, so that nothing else of a file travels along."""

from base64 import b64encode
from io import BytesIO

import numpy as np


def embedded(pixels: np.ndarray, side: int) -> str:
    """A data URI of uint8 ``[height, width, 3 or 1]``, at most ``side`` pixels each way, never enlarged.

    What fits is kept to the bit as PNG, the rest is scaled down and a JPEG.
    """
    from PIL import Image

    small = max(pixels.shape[:2]) <= side
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    picture.thumbnail((side, side))
    file = BytesIO()
    if small:
        picture.save(file, "PNG")
    else:
        picture.convert("RGB").save(file, "JPEG", quality=80)
    return f"data:image/{'png' if small else 'jpeg'};base64,{b64encode(file.getvalue()).decode()}"
