"""The lab where a kernel slides: a few real pixels, kernels from the blackboard and of this network, and their maps."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.arithmetic.kernels import KERNELS
from convscope.arithmetic.sliding import convolve
from convscope.arithmetic.window import Window
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.labs.crop import Crop, cut, liveliest, photograph, photographed, unpadded
from convscope.plain.fit import match_channels

SIDE = 16  # pixels of the crop, more where the network's own kernel is large
ACROSS = 8  # positions that the network's own kernel has at least in the crop
BLACKBOARD = ("sobel-x", "sobel-y", "outline", "blur", "sharpen", "emboss", "identity")
OWN = 4  # kernels of the network
COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class Slide:
    """A kernel ``weight [C, k, k]`` at work in the crop: its ``map [H', W']`` holds sum and bias."""

    name: str
    channel: int | None
    weight: np.ndarray
    bias: float
    map: np.ndarray

    @property
    def opening(self) -> tuple[int, int]:
        """The position that answers most strongly."""
        y, x = np.unravel_index(np.abs(self.map).argmax(), self.map.shape)
        return int(y), int(x)


@dataclass(frozen=True, eq=False)
class Bench:
    """Kernels that read the same numbers ``input [C, h, w]`` at the same step."""

    key: str
    bands: tuple[str, ...]
    input: np.ndarray
    rows: Window
    columns: Window
    slides: tuple[Slide, ...]

    @property
    def size(self) -> tuple[int, int]:
        return self.rows.kernel, self.columns.kernel

    @property
    def step(self) -> tuple[int, int]:
        return self.rows.stride, self.columns.stride

    @property
    def taps(self) -> int:
        return len(self.bands) * self.size[0] * self.size[1]

    def window(self, slide: Slide) -> np.ndarray:
        """What a kernel reads at its opening position, ``[C, kh, kw]``."""
        top, left = (at * step for at, step in zip(slide.opening, self.step, strict=True))
        return self.input[:, top : top + self.size[0], left : left + self.size[1]]

    def as_dict(self) -> dict[str, Any]:
        """What the page's script needs: numbers with six digits after the point."""
        slides = [
            {"weight": _digits(slide.weight),
             "bias": round(slide.bias, 6), "opening": slide.opening, "map": _digits(slide.map)}
            for slide in self.slides
        ]  # fmt: skip
        return {"step": self.step, "size": self.size, "input": _digits(self.input), "slides": slides}


@dataclass(frozen=True, eq=False)
class KernelLab:
    """The crop, its benches, and the layer of the network whose kernels are there."""

    crop: Crop
    layer: AtlasLayer | None
    benches: tuple[Bench, ...]

    @property
    def position(self) -> tuple[int, int]:
        """Row and column of the layer's map where the crop's first position lies."""
        if self.layer is None or self.layer.field.stride is None or self.layer.field.start is None:
            return 0, 0
        corner, start, step = (
            (self.crop.box.top, self.crop.box.left),
            self.layer.field.start,
            self.layer.field.stride,
        )
        y, x = (int(at - first) // stride for at, first, stride in zip(corner, start, step, strict=True))
        return y, x

    def as_dict(self) -> dict[str, Any]:
        """What the page's script needs."""
        return {
            "left": self.crop.box.left, "top": self.crop.box.top,
            "benches": {bench.key: bench.as_dict() for bench in self.benches},
        }  # fmt: skip


def kernel_lab(atlas: Atlas) -> KernelLab | None:
    """None where the atlas has no photograph."""
    place = photographed(atlas)
    if place is None:
        return None
    photo, layer = photograph(atlas, atlas.chosen[place]), _first_layer(atlas)
    side, step, first = SIDE, 1, (0, 0)
    if layer is not None and layer.field.stride is not None and layer.field.start is not None:
        step, (top, left) = max(layer.field.stride), layer.field.start
        side = max(SIDE, max(layer.field.size) + (ACROSS - 1) * step)
        first = top % step, left % step  # so that the kernel stands where it stands in the network
    box = liveliest(photo, side, step, first, unpadded(atlas, atlas.chosen[place]))
    crop = Crop(atlas.chosen[place], box, cut(photo, box))
    own = () if layer is None else (_own(atlas, layer, crop),)
    return KernelLab(crop, layer, (_blackboard(crop), *own))


def _first_layer(atlas: Atlas) -> AtlasLayer | None:
    """The layer that looks straight at the photograph, where the atlas holds its weights."""
    model = atlas.manifest["model"]
    for layer in atlas.layers.values():
        kernels = atlas.weights(layer.name)
        if kernels is not None and model["mean"] and kernels["weight"].shape[1] in (1, 3):
            return layer if layer.field.stride and len(set(layer.field.stride)) == 1 else None
    return None


def _blackboard(crop: Crop) -> Bench:
    grey = match_channels(crop.pixels, 1).transpose(2, 0, 1).astype(np.float64)
    window = Window(3)
    slides = tuple(
        Slide(name, None, KERNELS[name][None], 0.0, convolve(grey, KERNELS[name][None], window, window))
        for name in BLACKBOARD
    )
    return Bench("grey", ("grey",), grey, window, window, slides)


def _own(atlas: Atlas, layer: AtlasLayer, crop: Crop) -> Bench:
    """The kernels of the network whose answers vary most over the crop, the liveliest first."""
    kernels, model = atlas.weights(layer.name), atlas.manifest["model"]
    assert kernels is not None
    assert layer.field.stride is not None
    weights = kernels["weight"].astype(np.float64)
    bands = weights.shape[1]
    mean, std = (np.resize(np.asarray(model[name], np.float64), bands) for name in ("mean", "std"))
    read = ((match_channels(crop.pixels, bands) / 255 - mean) / std).transpose(2, 0, 1)
    rows, columns = (
        Window(k, stride) for k, stride in zip(weights.shape[2:], layer.field.stride, strict=True)
    )
    found = [
        Slide(f"channel {channel}", channel, weight, float(kernels["bias"][channel]),
              convolve(read, weight, rows, columns) + kernels["bias"][channel])
        for channel, weight in enumerate(weights)
    ]  # fmt: skip
    liveliest_first = sorted(found, key=lambda slide: -slide.map.std())[:OWN]
    names = COLOURS if bands == 3 else ("grey",)
    return Bench("network", names, read, rows, columns, tuple(liveliest_first))


def _digits(array: np.ndarray) -> Any:
    whole = np.rint(array)
    return (whole.astype(int) if np.array_equal(whole, array) else np.round(array, 6) + 0.0).tolist()
