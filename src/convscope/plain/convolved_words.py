"""A worked convolution as text: sizes with their formula, and every product at the position."""

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from convscope.plain.convolved import Convolved

SHOWN = 3  # input channels written out
WIDE = 110  # letters in a line from which the three matrices stand below each other
RUNS, EACH = 7, 8  # of visits: runs that are told, else single counts before an ellipsis


def in_words(seen: Convolved) -> str:
    """The whole page, lines of text."""
    parts = [_about(seen), _weights(seen), _arithmetic(seen), _sum(seen), _after(seen), _mind(seen)]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def _about(seen: Convolved) -> Iterator[str]:
    yield seen.title
    yield from (f"  {note}" for note in seen.notes)


def _weights(seen: Convolved) -> Iterator[str]:
    channels, height, width = seen.kernel.shape
    shown = seen.strongest[:SHOWN] if channels > SHOWN else range(channels)
    yield f"kernel {f'{channels} x ' if channels > 1 else ''}{height} x {width}, applied without flipping; bias {number(seen.bias)}"
    for channel in shown:
        yield from _named(seen, channel)
        yield from (f"    {line}" for line in matrix(seen.kernel[channel]))
    if channels > SHOWN:
        yield f"  {channels - SHOWN} more channels: --json has all of them"


def _named(seen: Convolved, channel: int) -> Iterator[str]:
    if len(seen.input) > 1:
        yield f"  {seen.channels[channel]}"


def _arithmetic(seen: Convolved) -> Iterator[str]:
    for (name, window, n), dropped in zip(seen.axes, seen.dropped, strict=True):
        before, after = window.amounts(n)
        kind = f"{window.padding} padding" if isinstance(window.padding, str) else "padding"
        yield f"{name:8} {window.formula(n)}   {kind} {before} before, {after} after; {dropped} dropped at the end"
    counts = [listed(visits) for visits in seen.visits]
    if counts[0] == counts[1]:
        yield f"visits   each row and each column is visited {counts[0]} times; a pixel, both multiplied"
    else:
        yield f"visits   rows {counts[0]} times, columns {counts[1]} times; a pixel, both multiplied"


def _sum(seen: Convolved) -> Iterator[str]:
    (y, x), (rows, columns) = seen.position, seen.places
    yield (
        f"at row {y}, column {x} of the map: rows {rows[0]} to {rows[-1]}, "
        f"columns {columns[0]} to {columns[-1]} of the input"
    )
    shown = seen.strongest[:SHOWN] if len(seen.input) > SHOWN else range(len(seen.input))
    for channel in shown:
        total = number(float(seen.products[channel].sum()))
        yield from (f"{line}, sum {total}" for line in _named(seen, channel))
        yield from (f"    {line}" for line in _worked(seen, channel))
    if len(seen.input) > SHOWN:
        rest = seen.products[list(seen.strongest[SHOWN:])].sum()
        yield f"  the other {len(seen.input) - SHOWN} channels, sum {number(float(rest))}"
    if not seen.inside.all():
        yield "  (0) is padding"
    yield f"  sum {number(seen.sum)} + bias {number(seen.bias)} = {number(seen.value)}"


def _worked(seen: Convolved, channel: int) -> Iterator[str]:
    """Window x kernel = products, row by row."""
    window = [
        [cell if inside else f"({cell})" for cell, inside in zip(row, mask, strict=True)]
        for row, mask in zip(_cells(seen.window[channel]), seen.inside, strict=True)
    ]
    values, weights, products = (
        _aligned(window),
        matrix(seen.kernel[channel]),
        matrix(seen.products[channel]),
    )
    if len(values[0]) + len(weights[0]) + len(products[0]) > WIDE:
        yield from ("reads", *values, "times the weights above is", *products)
        return
    middle = (len(window) - 1) // 2
    for row, (value, weight, result) in enumerate(zip(values, weights, products, strict=True)):
        times, equals = ("x", "=") if row == middle else (" ", " ")
        yield f"{value}  {times}  {weight}  {equals}  {result}"


def _after(seen: Convolved) -> Iterator[str]:
    for name, found in seen.stages:
        height, width = found.shape
        low, high = number(float(found.min())), number(float(found.max()))
        yield f"{'feature map' if name == 'map' else name:12} {height} x {width}, from {low} to {high}"


def _mind(seen: Convolved) -> Iterator[str]:
    yield from (f"mind: {sentence}" for sentence in seen.promises)


def number(value: float) -> str:
    """A number as people write it: whole ones without a point, others to four figures.

    >>> number(-312.0), number(0.111111), number(-0.0)
    ('-312', '0.1111', '0')
    """
    value = value + 0.0
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e6 else f"{value:.4g}"


def matrix(values: np.ndarray) -> list[str]:
    """A matrix ``[h, w]``, a line a row, columns aligned."""
    return _aligned(_cells(values))


def _cells(values: np.ndarray) -> list[list[str]]:
    return [[number(float(value)) for value in row] for row in values]


def _aligned(cells: list[list[str]]) -> list[str]:
    width = max(len(cell) for row in cells for cell in row)
    return ["  ".join(cell.rjust(width) for cell in row) for row in cells]


def listed(counts: tuple[int, ...]) -> str:
    """Counts in order, a run of equal ones said once: ``1, 2, 3 (222 in a row), 2, 1``.

    >>> listed((1, 2, 3, 3, 3, 3, 3, 2, 1))
    '1, 2, 3 (5 in a row), 2, 1'
    """
    runs = [(count, len(list(run))) for count, run in groupby(counts)]
    if len(runs) > RUNS:
        return ", ".join(map(str, [*counts[:EACH], "…", *counts[-3:]]))
    return ", ".join(
        f"{count} ({length} in a row)" if length > 3 else ", ".join([str(count)] * length)
        for count, length in runs
    )
