"""The lab of stride and padding: every setting it offers, worked out beforehand in the words of arithmetic.window."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

from convscope.arithmetic.convolution import PADDINGS
from convscope.arithmetic.window import Window
from convscope.atlas.read import Atlas
from convscope.explorer.labs.crop import Crop, cut, liveliest, photograph, photographed, unpadded
from convscope.plain.boxes import Box

CHOICES: dict[str, tuple[Any, ...]] = {
    "pixels": (7, 8, 9, 10),
    "kernel": (2, 3, 4, 5),
    "stride": (1, 2, 3, 4),
    "dilation": (1, 2),
    "padding": PADDINGS,
}
OPENING = (10, 3, 2, 1, "valid")
COMPARED = tuple((8, 3, 2, 1, padding) for padding in PADDINGS)


@dataclass(frozen=True)
class Walk:
    """A window that walks along ``n`` pixels."""

    n: int
    window: Window

    @property
    def amounts(self) -> tuple[int, int]:
        return self.window.amounts(self.n)

    @property
    def starts(self) -> range:
        """The first pixel of every output; negative in the padding before."""
        before, outputs = self.amounts[0], self.window.outputs(self.n)
        return range(-before, -before + outputs * self.window.stride, self.window.stride)

    @property
    def taps(self) -> range:
        """What one output reads, from its first pixel."""
        return range(0, self.window.reach, self.window.dilation)

    def answers(self, levels: Sequence[int]) -> list[float]:
        """The mean of what each output reads of ``levels``; a padded zero counts as zero."""
        return [
            sum(levels[at] for tap in self.taps if 0 <= (at := start + tap) < self.n) / self.window.kernel
            for start in self.starts
        ]


def walk(n: int, kernel: int, stride: int, dilation: int, padding: str) -> Walk:
    return Walk(n, Window(kernel, stride, dilation, padding))


@cache
def walks() -> dict[str, Any]:
    """Every choice and, in the order of their product, every answer; sentences stand once and are pointed at."""
    sentences: dict[str, int] = {}
    found = []
    for settings in product(*CHOICES.values()):
        one = walk(*settings)
        window, n = one.window, one.n
        said = [sentences.setdefault(sentence, len(sentences)) for sentence in window.promises(n)]
        visits = "".join(map(str, window.visits(n)))
        found.append([*one.amounts, window.outputs(n), window.dropped(n), visits, window.formula(n), said])
    return {"choices": list(CHOICES.items()), "walks": found, "sentences": list(sentences)}


def pixel_row(atlas: Atlas) -> tuple[Crop | None, list[list[int]]]:
    """One row of real pixels, the liveliest there is; grey steps where there is no photograph."""
    count, place = max(CHOICES["pixels"]), photographed(atlas)
    if place is None:
        return None, [[value] for value in range(40, 240, 200 // count)]
    photo = photograph(atlas, atlas.chosen[place])
    box = liveliest(photo, count, within=unpadded(atlas, atlas.chosen[place]))
    middle = (int(box.top) + int(box.bottom)) // 2
    row = Box(box.left, middle, box.right, middle + 1)
    pixels = cut(photo, row)
    return Crop(atlas.chosen[place], row, pixels), pixels[0].tolist()


def levels(pixels: Iterable[list[int]]) -> list[int]:
    """The brightness of each pixel, the mean of its bands, as a whole number."""
    return [round(sum(pixel) / len(pixel)) for pixel in pixels]


def colours(pixels: Iterable[list[int]]) -> list[str]:
    return ["#" + "".join(f"{band:02x}" for band in (pixel * 3)[:3]) for pixel in pixels]
