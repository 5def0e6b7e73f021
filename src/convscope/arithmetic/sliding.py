"""Windows slid over maps, number by number as on paper: convolution and pooling in float64."""

from collections.abc import Iterator
from itertools import product
from typing import Literal

import numpy as np

from convscope.arithmetic.window import Window


def around(maps: np.ndarray, rows: Window, columns: Window, fill: float = 0.0) -> np.ndarray:
    """Maps ``[..., H, W]`` with the padding of both windows, and what a last window of ceil mode hangs over."""
    margins = [_margins(window, n) for window, n in zip((rows, columns), maps.shape[-2:], strict=True)]
    return np.pad(maps, [(0, 0)] * (maps.ndim - 2) + margins, constant_values=fill)


def _margins(window: Window, n: int) -> tuple[int, int]:
    before, after = window.amounts(n)
    needed = (window.outputs(n) - 1) * window.stride + window.reach - before - n
    return before, max(after, needed)


def _steps(tap: int, window: Window, outputs: int) -> slice:
    first = tap * window.dilation
    return slice(first, first + (outputs - 1) * window.stride + 1, window.stride)


def taps(
    padded: np.ndarray, sizes: tuple[int, int], rows: Window, columns: Window
) -> Iterator[tuple[int, int, np.ndarray]]:
    """(row, column, what it reads at every position) of each tap over padded maps, one at a time: little memory."""
    for y, x in product(range(rows.kernel), range(columns.kernel)):
        yield y, x, padded[..., _steps(y, rows, sizes[0]), _steps(x, columns, sizes[1])]


def sizes(maps: np.ndarray, rows: Window, columns: Window) -> tuple[int, int]:
    """Rows and columns of what windows over maps ``[..., H, W]`` give."""
    return rows.outputs(maps.shape[-2]), columns.outputs(maps.shape[-1])


def convolve(maps: np.ndarray, kernel: np.ndarray, rows: Window, columns: Window) -> np.ndarray:
    """The map ``[H', W']`` of one kernel ``[C, kh, kw]`` over maps ``[C, H, W]``, without bias.

    >>> convolve(np.ones((1, 3, 3)), np.ones((1, 2, 2)), Window(2), Window(2)).tolist()
    [[4.0, 4.0], [4.0, 4.0]]
    """
    total = np.zeros(outputs := sizes(maps, rows, columns))
    for y, x, read in taps(around(maps, rows, columns), outputs, rows, columns):
        total += np.tensordot(kernel[:, y, x], read, axes=1)
    return total


def pool(values: np.ndarray, by: Literal["max", "avg"], rows: Window, columns: Window) -> np.ndarray:
    """The maximum or mean of every window of a map ``[H, W]``; padded zeros count in a mean, never win.

    >>> pool(np.arange(16.0).reshape(4, 4), "max", Window(2, 2), Window(2, 2)).tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    outputs = sizes(values, rows, columns)
    if by == "max":
        best = np.full(outputs, -np.inf)
        for _, _, read in taps(around(values, rows, columns, -np.inf), outputs, rows, columns):
            np.maximum(best, read, out=best)
        return best
    # a window that hangs over the end in ceil mode is divided by what lies within the padding
    amounts = [window.amounts(n) for window, n in zip((rows, columns), values.shape, strict=True)]
    counted = around(np.zeros_like(values), rows, columns)
    counted[: values.shape[0] + sum(amounts[0]), : values.shape[1] + sum(amounts[1])] = 1
    total, count = np.zeros(outputs), np.zeros(outputs)
    for (_, _, read), (_, _, ones) in zip(
        taps(around(values, rows, columns), outputs, rows, columns),
        taps(counted, outputs, rows, columns),
        strict=True,
    ):
        total += read
        count += ones
    return total / count
