"""A square over the picture, at one place after another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from convscope.errors import BadSpec
from convscope.model.measure import Reduce, measure
from convscope.model.model import Model

AT_ONCE = 32  # covered pictures in a forward pass


@dataclass(frozen=True)
class Windows:
    """Squares of ``size`` pixels every ``stride`` pixels, all inside a picture of ``height`` x ``width``.

    There are ``floor((height - size) / stride) + 1`` rows of them, and columns likewise.
    Raises BadSpec where none fits.

    >>> Windows(2, 2, 5, 7).shape
    (2, 3)
    """

    size: int
    stride: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= min(self.height, self.width):
            raise BadSpec(
                f"size {self.size} does not fit the network's {self.height} x {self.width} pixels: "
                f"choose 1 to {min(self.height, self.width)}"
            )
        if self.stride < 1:
            raise BadSpec(f"stride {self.stride}: choose 1 pixel or more")

    @property
    def tops(self) -> range:
        return range(0, self.height - self.size + 1, self.stride)

    @property
    def lefts(self) -> range:
        return range(0, self.width - self.size + 1, self.stride)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.tops), len(self.lefts)

    @property
    def places(self) -> list[tuple[int, int]]:
        """(top, left) of every window, row by row."""
        return [(top, left) for top in self.tops for left in self.lefts]


def covered(pixels: Tensor, cover: Tensor, windows: Windows) -> Iterator[Tensor]:
    """Batches ``[n, C, H, W]`` of ``pixels`` ``[C, H, W]``, each with one window showing ``cover`` instead."""
    places = windows.places
    for start in range(0, len(places), AT_ONCE):
        some = places[start : start + AT_ONCE]
        batch = pixels.expand(len(some), *pixels.shape).clone()
        for row, (top, left) in enumerate(some):
            below, right = top + windows.size, left + windows.size
            batch[row, :, top:below, left:right] = cover[:, top:below, left:right]
        yield batch


def sweep(
    model: Model, pixels: Tensor, cover: Tensor, windows: Windows, reduce: Mapping[str, Reduce]
) -> dict[str, Tensor]:
    """What ``reduce`` reads of each layer with every window covered in turn, ``[rows, columns, ...]``.

    One whole forward pass a window, for all layers together (Zeiler & Fergus 2013, section 4.2).
    """
    found = measure(model, covered(pixels, cover, windows), reduce)
    return {name: torch.unflatten(values, 0, windows.shape) for name, values in found.items()}
