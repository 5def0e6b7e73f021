"""The lab of the deconvnet: up through one convolution and one pool, and back down through the same switches."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convscope.arithmetic.sliding import pool
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.labs.crop import Crop, cut, liveliest
from convscope.explorer.labs.kernel import Bench, kernel_lab
from convscope.explorer.labs.planes import Planes
from convscope.explorer.labs.pooling import POOL, switches
from convscope.plain.boxes import Box

CELLS, FEWER, WIDE = 8, 4, 24  # cells a side of the map; fewer where they read more than so many pixels
KERNELS = 2


@dataclass(frozen=True, eq=False)
class Round:
    """One kernel's way there and back: the rectified ``map [2h, 2w]`` of ``weight [C, k, k]`` at ``step``."""

    name: str
    channel: int | None
    weight: np.ndarray
    step: tuple[int, int]
    map: np.ndarray

    @cached_property
    def pooled(self) -> np.ndarray:
        return pool(self.map, "max", POOL, POOL)

    @cached_property
    def switches(self) -> np.ndarray:
        """The flat place in ``map`` of every pooled cell's winner; of equal ones the first."""
        return switches(self.map)

    @property
    def start(self) -> list[list[float]]:
        """The first cells of the map, few enough to write down."""
        return self.map[:2, :4].round(3).tolist()

    @property
    def strongest(self) -> np.ndarray:
        """The pooled map with all but its largest cell set to zero: one unit, asked alone."""
        return np.where(
            np.arange(self.pooled.size).reshape(self.pooled.shape) == self.pooled.argmax(), self.pooled, 0
        )

    def unpooled(self, sent: np.ndarray, *, remembered: bool) -> np.ndarray:
        """Pooled values where they came from; shared out evenly over their four cells where that is forgotten."""
        if not remembered:
            return sent.repeat(2, axis=0).repeat(2, axis=1) / 4
        back = np.zeros(self.map.size)
        back[self.switches.ravel()] = sent.ravel()
        return back.reshape(self.map.shape)

    def projected(self, sent: np.ndarray, *, remembered: bool) -> np.ndarray:
        """Each unpooled value times the kernel, laid down where the kernel had read: ``[C, H, W]``."""
        return spread(self.unpooled(sent, remembered=remembered), self.weight, self.step)

    def view(self, sent: np.ndarray) -> dict[str, np.ndarray]:
        """What the lab shows; each projection on its own scale."""
        planes = {"map": self.map, "pooled": sent}
        for name, remembered in (("back", True), ("forgot", False)):
            planes[name] = self.unpooled(sent, remembered=remembered)
            planes[f"{name}-pixels"] = colours(self.projected(sent, remembered=remembered))
        return planes


@dataclass(frozen=True, eq=False)
class DeconvnetLab:
    """``crop`` is what the cells of every round's map read; ``layer`` is None where the kernels are the blackboard's.

    The views of ``planes`` are every round with all pooled cells sent back, and with the strongest alone.
    """

    crop: Crop
    layer: AtlasLayer | None
    rounds: tuple[Round, ...]
    planes: Planes

    @property
    def names(self) -> list[str]:
        return [
            f"{each.name}, {sent}"
            for each in self.rounds
            for sent in ("every cell", "its strongest cell alone")
        ]


def deconvnet_lab(atlas: Atlas) -> DeconvnetLab | None:
    """None where the atlas has no photograph."""
    lab = kernel_lab(atlas)
    if lab is None:
        return None
    bench = lab.benches[-1]  # the network's own where the atlas holds them
    slides = sorted(bench.slides, key=lambda slide: -_lively(slide.map))[:KERNELS]
    cells = _liveliest_cells(slides[0].map, bench)
    rounds = tuple(
        Round(slide.name, slide.channel, slide.weight, bench.step, np.maximum(cut(slide.map, cells), 0))
        for slide in slides
    )
    views = tuple(each.view(sent) for each in rounds for sent in (each.pooled, each.strongest))
    y, x = np.unravel_index(rounds[0].map.argmax(), rounds[0].map.shape)
    layer = lab.layer if len(lab.benches) > 1 else None
    return DeconvnetLab(_read_by(cells, bench, lab.crop), layer, rounds, Planes(views, (int(y), int(x))))


def _lively(values: np.ndarray) -> float:
    """How much a map varies once it is rectified; one that is zero nearly everywhere counts little."""
    positive = np.maximum(values, 0)
    return float(positive.std() * (positive > 0).mean())


def _liveliest_cells(values: np.ndarray, bench: Bench) -> Box:
    """The square of cells, of an even side, where a rectified map changes most."""
    across = max(size + (CELLS - 1) * step for size, step in zip(bench.size, bench.step, strict=True))
    side = min(FEWER if across > WIDE else CELLS, *(n // 2 * 2 for n in values.shape))
    positive = np.maximum(values, 0)
    levels = np.rint(255 * positive / (positive.max() or 1))
    return liveliest(levels[:, :, None], side)


def _read_by(cells: Box, bench: Bench, crop: Crop) -> Crop:
    """The part of a crop that so many cells read."""
    (down, right), (tall, wide) = bench.step, bench.size
    left, top = int(cells.left) * right, int(cells.top) * down
    height, width = (int(cells.height) - 1) * down + tall, (int(cells.width) - 1) * right + wide
    inside = Box(left, top, left + width, top + height)
    left, top = crop.box.left + left, crop.box.top + top
    return Crop(crop.row, Box(left, top, left + width, top + height), cut(crop.pixels, inside))


def spread(values: np.ndarray, weight: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """A convolution run backwards (transposed): ``values [h, w]``, ``weight [C, k, k]`` to ``[C, H, W]``.

    >>> spread(np.array([[2, 0]]), np.ones((1, 1, 2)), (1, 1)).tolist()
    [[[2.0, 2.0, 0.0]]]
    """
    tall, wide = weight.shape[1:]
    size = [(n - 1) * s + k for n, s, k in zip(values.shape, step, (tall, wide), strict=True)]
    total = np.zeros((len(weight), *size))
    for (y, x), value in np.ndenumerate(values):
        total[:, y * step[0] : y * step[0] + tall, x * step[1] : x * step[1] + wide] += value * weight
    return total


def colours(projection: np.ndarray) -> np.ndarray:
    """A projection ``[C, H, W]`` as colours ``[H, W]``: zero is mid-grey, its largest absolute value full colour.

    >>> colours(np.zeros((1, 1, 1))).tolist()
    [['#808080']]
    """
    levels = np.rint(128 + 127 * projection / (np.abs(projection).max() or 1)).astype(int)
    bands = np.broadcast_to(levels, (3, *levels.shape[1:])).transpose(1, 2, 0)
    return np.array([["#" + bytes(pixel.tolist()).hex() for pixel in row] for row in bands])
