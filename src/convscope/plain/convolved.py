"""One kernel over one picture, worked out: input, kernel, maps, and the sum at one position."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from convscope.arithmetic.steps import Step
from convscope.arithmetic.window import Window
from convscope.plain.boxes import Box


@dataclass(frozen=True, eq=False)
class Convolved:
    """What ``convolve`` found. All numbers are float64 and equal torch's.

    ``picture`` uint8 ``[h, w, 1 or 3]`` is what is shown, ``box`` the part of it that the window sees;
    ``input`` ``[C, H, W]`` is what the kernel ``[C, kh, kw]`` reads. ``map`` ``[H', W']`` is the feature
    map with the bias added; ``maps`` holds it after each of ``steps``. ``position`` is (y, x) in ``map``.
    """

    title: str
    picture: np.ndarray
    box: Box
    input: np.ndarray
    channels: tuple[str, ...]
    kernel: np.ndarray
    bias: float
    rows: Window
    columns: Window
    map: np.ndarray
    steps: tuple[Step, ...]
    maps: tuple[np.ndarray, ...]
    position: tuple[int, int]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        height, width = self.map.shape
        return f"<Convolved {self.title}: a map of {height}x{width}; print it for the sum at {self.position}>"

    def __str__(self) -> str:
        from convscope.plain.convolved_words import in_words

        return in_words(self)

    def save(self, path: str | Path) -> Path:
        """Write input, kernel, maps and the sum at the position side by side as a PNG."""
        from convscope.plain.convolved_page import draw_page
        from convscope.plain.render import save_png

        return save_png(path, draw_page(self))

    @property
    def reads_pixels(self) -> bool:
        """Whether the kernel reads the picture itself, not the output of another layer."""
        return self.input.shape[1:] == self.picture.shape[:2] and len(self.input) == self.picture.shape[2]

    @property
    def axes(self) -> tuple[tuple[str, Window, int], ...]:
        """(name, window, length) of rows and columns."""
        height, width = self.input.shape[1:]
        return ("rows", self.rows, height), ("columns", self.columns, width)

    @cached_property
    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the input that the window reads at the position; outside in the padding."""
        first = [window.start(at, n) for at, (_, window, n) in zip(self.position, self.axes, strict=True)]
        y, x = (
            start + np.arange(window.kernel) * window.dilation
            for start, (_, window, _) in zip(first, self.axes, strict=True)
        )
        return y, x

    @cached_property
    def inside(self) -> np.ndarray:
        """Which taps ``[kh, kw]`` read the input and not the padding."""
        y, x = (
            (places >= 0) & (places < n) for places, (_, _, n) in zip(self.places, self.axes, strict=True)
        )
        return y[:, None] & x[None, :]

    @cached_property
    def window(self) -> np.ndarray:
        """What the kernel reads at the position, ``[C, kh, kw]``, zero in the padding."""
        y, x = (np.clip(places, 0, n - 1) for places, (_, _, n) in zip(self.places, self.axes, strict=True))
        return np.where(self.inside, self.input[:, y[:, None], x[None, :]], 0.0)

    @cached_property
    def products(self) -> np.ndarray:
        """Input times weight, tap by tap, ``[C, kh, kw]``."""
        return self.window * self.kernel + 0.0  # no negative zeros

    @property
    def sum(self) -> float:
        return float(self.products.sum())

    @property
    def value(self) -> float:
        """The cell of the map at the position: sum plus bias."""
        return self.sum + self.bias

    @cached_property
    def strongest(self) -> tuple[int, ...]:
        """Input channels by what they contribute at the position, largest absolute value first."""
        return tuple(int(c) for c in np.argsort(-np.abs(self.products.sum(axis=(1, 2))), kind="stable"))

    @property
    def sizes(self) -> tuple[str, str]:
        """The map's rows and columns, each with its formula."""
        first, second = (window.formula(n) for _, window, n in self.axes)
        return first, second

    @property
    def visits(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """How often each row and each column is visited; a pixel as often as both multiplied."""
        first, second = (window.visits(n) for _, window, n in self.axes)
        return first, second

    @property
    def dropped(self) -> tuple[int, int]:
        """Rows below and columns at the right that no window reaches."""
        first, second = (window.dropped(n) for _, window, n in self.axes)
        return first, second

    @property
    def promises(self) -> tuple[str, ...]:
        """Where stride or size breaks what courses promise; of both axes together where they agree."""
        said = {name: window.promises(n) for name, window, n in self.axes}
        if said["rows"] == said["columns"]:
            return said["rows"]
        return tuple(f"{name}: {sentence}" for name, sentences in said.items() for sentence in sentences)

    def as_dict(self) -> dict[str, Any]:
        """Everything but the maps themselves, as plain data."""
        return {
            "title": self.title,
            "notes": list(self.notes),
            "input": {"shape": list(self.input.shape), "channels": list(self.channels)},
            "kernel": self.kernel.tolist(),
            "bias": self.bias,
            **{
                name: {
                    "kernel": window.kernel, "stride": window.stride, "dilation": window.dilation,
                    "padding": list(window.amounts(n)), "size": window.outputs(n), "formula": window.formula(n),
                    "dropped": window.dropped(n), "visits": list(window.visits(n)),
                }
                for name, window, n in self.axes
            },
            "maps": [
                {"step": name, "shape": list(found.shape), "min": float(found.min()), "max": float(found.max())}
                for name, found in self.stages
            ],
            "at": {
                "position": list(self.position), "box": list(self.box),
                "window": self.window.tolist(), "inside": self.inside.tolist(),
                "products": self.products.tolist(), "sum": self.sum, "bias": self.bias, "value": self.value,
            },
            "broken_promises": list(self.promises),
        }  # fmt: skip

    @property
    def stages(self) -> tuple[tuple[str, np.ndarray], ...]:
        """(name, map) of the feature map and of every step after it."""
        return (
            ("map", self.map),
            *((step.name, found) for step, found in zip(self.steps, self.maps, strict=True)),
        )

    def cells(self) -> tuple[tuple[range, range], ...]:
        """Which rows and columns of each stage hold what the position became; empty where it was dropped."""
        y, x = self.position
        found, shape = [(range(y, y + 1), range(x, x + 1))], self.map.shape
        for step, after in zip(self.steps, self.maps, strict=True):
            rows, columns = found[-1]
            if step.window is not None:
                rows, columns = (
                    _readers(rows, step.window, shape[0]),
                    _readers(columns, step.window, shape[1]),
                )
            found.append((rows, columns))
            shape = after.shape
        return tuple(found)


def _readers(cells: range, window: Window, n: int) -> range:
    """The positions of a window that read any of some cells."""
    if not cells:
        return cells
    return range(window.readers(cells[0], n).start, window.readers(cells[-1], n).stop)
