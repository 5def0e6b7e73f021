"""What every layer made of one picture: the numbers, and the page that shows them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from convscope.plain.contact import bar_sheet, contact_sheet, scaling, strongest
from convscope.plain.names import escape
from convscope.plain.page import document, figure, heading, paragraph, picture, scroll

MAPS_SHOWN, BARS_SHOWN = 64, 480  # channels on a sheet, unless more or fewer are asked for
INPUT = "input.png"  # the sheet of the picture itself
LEGEND = (
    "Every sheet has one scaling for all its channels, written on it: its full white is the 99.5th percentile "
    "of the absolute values that are not zero. Numbers before a ReLU have a sign, and zero is the middle grey; "
    "afterwards zero is black. Receptive fields are in pixels of the input; courses also use that word for the "
    "kernel itself, whose size stands beside its convolution."
)


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """One layer's output for one picture: float32 ``array`` ``[C, H, W]``, or ``[C]`` for a vector.

    ``stage`` says in words where in its ``block`` the layer stands; ``field`` is the receptive field's
    (height, width) in input pixels.
    """

    name: str
    block: str
    stage: str
    kernel: str
    field: tuple[int, int]
    array: np.ndarray

    def __repr__(self) -> str:
        return f"<LayerMaps {self.name}: {self.size}>"

    @property
    def low(self) -> float:
        return float(self.array.min())

    @property
    def high(self) -> float:
        return float(self.array.max())

    @property
    def zeros(self) -> float:
        """Share of values that are exactly zero."""
        return float((self.array == 0).mean())

    @property
    def vector(self) -> bool:
        """Whether there is one number a channel."""
        return self.array.size == len(self.array)

    @property
    def size(self) -> str:
        """``32 maps of 28x28`` or ``10 numbers``, height before width."""
        if self.vector:
            return f"{len(self.array):,} number{'s' * (len(self.array) != 1)}"
        return f"{len(self.array):,} map{'s' * (len(self.array) != 1)} of {'x'.join(map(str, self.array.shape[1:]))}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "layer": self.name, "block": self.block, "stage": self.stage, "shape": list(self.array.shape),
            "receptive_field": list(self.field), "low": self.low, "high": self.high, "zeros": self.zeros,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Maps:
    """The outputs of a network's layers for one picture, by name, in running order.

    ``pixels`` is uint8 ``[H, W, 1 or 3]``, what the network was shown; ``named`` are the most probable
    classes with their probabilities, empty where the last layer was not asked for. ``notes`` are the model's
    own, such as that its weights are random.
    """

    model: str
    pixels: np.ndarray
    layers: Mapping[str, LayerMaps]
    named: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Maps of {self.model}: {len(self.layers)} layers, in .layers by name>"

    def blocks(self) -> Iterator[list[LayerMaps]]:
        """A convolution with all that follows it up to the next one."""
        for _, members in groupby(self.layers.values(), key=lambda layer: layer.block):
            yield list(members)

    def shown(self, layer: LayerMaps, top: int | None = None) -> np.ndarray:
        """Channels that a sheet shows, in the order shown; the same for all of a block, so that they compare.

        All in their own order where they fit, else the strongest by the last layer of the block.
        """
        alike = [
            other
            for other in self.layers.values()
            if other.block == layer.block and len(other.array) == len(layer.array)
        ]
        return strongest(alike[-1].array, top or (BARS_SHOWN if layer.vector else MAPS_SHOWN))

    def save(self, folder: str | Path, *, top: int | None = None) -> Path:
        """Write a sheet a layer, ``NAME.png``, and the page ``index.html``; returns the page's path.

        At most ``top`` channels are drawn, 64 maps or 480 bars where it is None. Raises BadOutput.
        """
        from convscope.plain.files import write_text
        from convscope.plain.render import save_png

        root = Path(folder)
        save_png(root / INPUT, self.pixels)
        parts = list(_introduction(self))
        for place, members in enumerate(self.blocks(), 1):
            parts.append(heading(f"{place}. {' → '.join(layer.name for layer in members)}"))
            for layer in members:
                channels = self.shown(layer, top)
                sheet = draw(layer, channels)
                save_png(root / sheet_name(layer), sheet)
                parts.append(_figure(layer, channels, sheet))
        write_text(root / "index.html", document(f"Every layer of {self.model}", parts))
        return root / "index.html"


def sheet_name(layer: LayerMaps) -> str:
    """The file of a layer's sheet."""
    return f"{escape(layer.name)}.png"


def draw(layer: LayerMaps, channels: np.ndarray) -> np.ndarray:
    """The contact sheet of a layer, uint8 RGBA ``[h, w, 4]``; a vector is drawn as bars."""
    title = f"{layer.name}: {layer.size}{_count(layer, channels)}"
    if layer.vector:
        ends = f"bars from {min(layer.low, 0):.3g} to {max(layer.high, 0):.3g}"
        return bar_sheet(layer.array.reshape(-1), channels, f"{title}; {ends}")
    scale = scaling(layer.array)
    return contact_sheet(layer.array, channels, f"{title}; {scale}", scale)


def _count(layer: LayerMaps, channels: np.ndarray) -> str:
    few = len(channels) < len(layer.array)
    return f", {len(channels)} of {len(layer.array):,} shown, strongest first" if few else ""


def _introduction(maps: Maps) -> Iterator[str]:
    height, width = maps.pixels.shape[:2]
    yield figure("input", f"what the network is shown: {height}x{width} pixels", picture(
        INPUT, "the picture as the network is shown it", width, height, "pixels"
    ))  # fmt: skip
    if maps.named:
        best = ", ".join(f"{name} {share:.1%}" for name, share in maps.named)
        yield paragraph(f"Named: {best}.", "lead")
    yield from (paragraph(f"Note: {note}") for note in maps.notes)
    yield paragraph(LEGEND, "muted")


def _figure(layer: LayerMaps, channels: np.ndarray, sheet: np.ndarray) -> str:
    height, width = layer.field
    facts = (
        layer.stage,
        layer.kernel,
        f"{layer.size}{_count(layer, channels)}",
        f"receptive field {height}x{width}",
        f"from {layer.low:.3g} to {layer.high:.3g}",
        f"{layer.zeros:.1%} exactly zero",
    )
    words = f"{layer.name}, {layer.stage}: {layer.size}, values from {layer.low:.3g} to {layer.high:.3g}"
    content = picture(quote(sheet_name(layer)), words, sheet.shape[1], sheet.shape[0])
    return figure(layer.name, " · ".join(filter(None, facts)), scroll(content))
