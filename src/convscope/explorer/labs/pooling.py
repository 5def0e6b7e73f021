"""The lab of pooling: a corner of a real activation map, its 2 x 2 pools, and what one step sideways changes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from convscope.arithmetic.sliding import pool
from convscope.arithmetic.window import Window
from convscope.atlas import layout
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.atlas.sight import NONE, has_loupe
from convscope.explorer.labs.crop import cut, grey_or_colour, liveliest, photographed
from convscope.plain.boxes import Box

SIDE = 8  # cells of the corner
FURTHEST = 3  # cells that it can be shifted by
POOL = Window(2, 2)
By = Literal["max", "avg"]
KINDS: dict[By, str] = {"max": "maximum", "avg": "average"}


def switches(values: np.ndarray) -> np.ndarray:
    """Where each 2 x 2 window of ``[2h, 2w]`` has its maximum, as a flat index; of equal ones the first, as in torch.

    >>> switches(np.array([[1, 7], [7, 0]])).tolist()
    [[1]]
    """
    height, width = (n // 2 for n in values.shape)
    corners = values.reshape(height, 2, width, 2).transpose(0, 2, 1, 3).reshape(height, width, 4)
    down, across = np.divmod(corners.argmax(axis=2), 2)
    return (2 * np.arange(height)[:, None] + down) * values.shape[1] + 2 * np.arange(width) + across


@dataclass(frozen=True, eq=False)
class Shifted:
    """The corner after the map has moved ``by`` cells to the right, and what changed against not moving."""

    by: int
    cells: np.ndarray
    still: np.ndarray

    @cached_property
    def switches(self) -> set[int]:
        return set(switches(self.cells).ravel().tolist())

    def pooled(self, by: By) -> np.ndarray:
        return pool(self.cells.astype(np.float64), by, POOL, POOL)

    @property
    def changed(self) -> np.ndarray:
        """Which cells differ before pooling."""
        return self.cells != self.still

    def changed_after(self, by: By) -> np.ndarray:
        """Which cells differ after pooling."""
        return self.pooled(by) != pool(self.still.astype(np.float64), by, POOL, POOL)

    def as_dict(self) -> dict[str, Any]:
        after = {
            by: {"values": self.pooled(by).tolist(), "changed": self.changed_after(by).tolist()}
            for by in KINDS
        }
        return {
            "cells": self.cells.tolist(), "changed": self.changed.tolist(), "switches": sorted(self.switches), **after
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class PoolingLab:
    """A channel's map of one photograph as levels ``[H, W]`` (255 is its 99.9th percentile), and the corner in it."""

    row: int
    chosen: int
    layer: AtlasLayer
    channel: int
    place: int
    height: int
    map: np.ndarray
    box: Box

    @cached_property
    def shifts(self) -> tuple[Shifted, ...]:
        return tuple(Shifted(by, self._corner(by), self._corner(0)) for by in range(FURTHEST + 1))

    @property
    def start(self) -> list[list[float]]:
        """The first cells of the corner, few enough to write down."""
        return self._corner(0)[:2, :4].astype(float).tolist()

    def as_dicts(self) -> list[dict[str, Any]]:
        """What the page's script needs."""
        return [shift.as_dict() for shift in self.shifts]

    def _corner(self, by: int) -> np.ndarray:
        left, top, right, bottom = self.box
        return cut(self.map, Box(left - by, top, right - by, bottom)).astype(int)


def pooling_lab(atlas: Atlas) -> PoolingLab | None:
    """The liveliest corner among the maps of the first layer large enough; None where there is none."""
    chosen, layer = photographed(atlas), _first_map(atlas)
    if chosen is None or layer is None:
        return None
    stack = grey_or_colour(layout.loupe_maps_file(atlas.path, layer.name, chosen))[:, :, 0]
    height, width = layer.shape[1:]
    channels = np.setdiff1d(atlas.loupe(layer.name)["channel"][chosen], [NONE])
    maps = stack[: len(channels) * height].reshape(-1, height, width)
    found = []
    for place, levels in enumerate(maps):
        box = _corner(levels)
        seen = cut(levels, box)
        found.append((float(seen.std() * (seen > 0).mean()), -place, box))
    _, place, box = max(found)
    row = atlas.chosen[chosen]
    return PoolingLab(row, chosen, layer, int(channels[-place]), -place, len(stack), maps[-place], box)


def _corner(levels: np.ndarray) -> Box:
    """The liveliest square with room to its left to shift from; its corner is even, as pooling would have it."""
    within = liveliest(levels[:, FURTHEST + 1 :, None], SIDE, 2)
    shift = FURTHEST + 1
    return Box(within.left + shift, within.top, within.right + shift, within.bottom)


def _first_map(atlas: Atlas) -> AtlasLayer | None:
    room = SIDE, SIDE + FURTHEST + 1
    return next(
        (layer for layer in atlas.layers.values() if has_loupe(atlas, layer.name)
         and layer.shape[1] >= room[0] and layer.shape[2] >= room[1]),
        None,
    )  # fmt: skip
