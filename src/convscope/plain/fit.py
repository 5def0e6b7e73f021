"""How source pixels become model pixels, and how boxes go back: plain data, applied in uint8."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from convscope.errors import BadSpec
from convscope.plain.boxes import Box

How = Literal["pad", "crop", "stretch"]
LUMINANCE = np.array([299, 587, 114], dtype=np.uint32)  # ITU-R BT.601, as Pillow's "L"


@dataclass(frozen=True)
class Fit:
    """The geometry from a source image to the network's input.

    ``pad`` scales the whole image inside and fills the rest (nothing is cut off), ``crop`` scales
    the shorter side to ``resize`` pixels and takes the centre, ``stretch`` ignores the proportions.

    >>> Fit(64, 64, how="crop", resize=72).source_box(Box(0, 0, 64, 64), height=144, width=144)
    Box(left=8.0, top=8.0, right=136.0, bottom=136.0)
    """

    height: int
    width: int
    how: How = "pad"
    resize: int | None = None
    channels: int = 3
    fill: int = 255
    bicubic: bool = False

    def __post_init__(self) -> None:
        if self.how not in ("pad", "crop", "stretch"):
            raise BadSpec(f"unknown fit {self.how!r}: choose pad, crop or stretch")

    def _scaled(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of the source after scaling, before cropping or padding."""
        if self.how == "stretch":
            return self.height, self.width
        if self.how == "pad":
            scale = min(self.height / height, self.width / width)
            return max(1, round(height * scale)), max(1, round(width * scale))
        short = self.resize or max(self.height, self.width)
        # as torchvision's Resize(int): the shorter side is `short`, the longer one is truncated
        if height <= width:
            return short, int(short * width / height)
        return int(short * height / width), short

    def _offset(self, scaled: tuple[int, int]) -> tuple[int, int]:
        """(top, left) of the model's window in the scaled image; negative where it is padded."""
        top, left = scaled[0] - self.height, scaled[1] - self.width
        # torchvision's CenterCrop rounds half to even; padding goes evenly, the odd pixel below and right
        return (
            round(top / 2.0) if top > 0 else -((-top) // 2),
            round(left / 2.0) if left > 0 else -((-left) // 2),
        )

    def apply(self, image: np.ndarray) -> np.ndarray:
        """Model pixels, uint8 ``[height, width, channels]``, from source pixels ``[h, w, 1 or 3]``."""
        image = match_channels(image, self.channels)
        scaled = self._scaled(*image.shape[:2])
        if scaled != image.shape[:2]:
            image = resize(image, scaled, bicubic=self.bicubic)
        if scaled == (self.height, self.width):
            return image
        top, left = self._offset(scaled)
        window = np.full((self.height, self.width, self.channels), self.fill, dtype=np.uint8)
        source = image[max(top, 0) : top + self.height, max(left, 0) : left + self.width]
        y, x = max(-top, 0), max(-left, 0)
        window[y : y + source.shape[0], x : x + source.shape[1]] = source
        return window

    def source_box(self, box: Box, height: int, width: int) -> Box:
        """A box of model pixels in the pixels of a ``height`` x ``width`` source, clipped to it."""
        scaled = self._scaled(height, width)
        top, left = self._offset(scaled)
        sy, sx = height / scaled[0], width / scaled[1]
        moved = Box(
            (box.left + left) * sx,
            (box.top + top) * sy,
            (box.right + left) * sx,
            (box.bottom + top) * sy,
        )
        return Box(*map(float, moved.clip(height, width)))

    def input_box(self, box: Box, height: int, width: int) -> Box:
        """A box of a ``height`` x ``width`` source in model pixels, clipped to what the model is shown.

        >>> Fit(64, 64, how="crop", resize=72).input_box(Box(8, 8, 136, 136), height=144, width=144)
        Box(left=0.0, top=0.0, right=64.0, bottom=64.0)
        """
        scaled = self._scaled(height, width)
        top, left = self._offset(scaled)
        sy, sx = scaled[0] / height, scaled[1] / width
        moved = Box(box.left * sx - left, box.top * sy - top, box.right * sx - left, box.bottom * sy - top)
        return Box(*map(float, moved.clip(self.height, self.width)))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def match_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Grey to colour by repetition, colour to grey by luminance; anything else is refused."""
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape[2] == channels:
        return image
    if image.shape[2] == 1:
        return np.repeat(image, channels, axis=2)
    if image.shape[2] == 3 and channels == 1:
        return ((image.astype(np.uint32) @ LUMINANCE + 500) // 1000).astype(np.uint8)[:, :, None]
    raise BadSpec(f"cannot show an image of {image.shape[2]} channels to a network that takes {channels}")


def resize(image: np.ndarray, size: tuple[int, int], *, bicubic: bool = False) -> np.ndarray:
    """Antialiased resize of uint8 ``[h, w, 1 or 3]`` to ``size`` (height, width)."""
    method = Image.Resampling.BICUBIC if bicubic else Image.Resampling.BILINEAR
    picture = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image)
    resized = np.array(picture.resize((size[1], size[0]), method))
    return resized if resized.ndim == 3 else resized[:, :, None]
