"""The sum at one position as tables: what the window reads, times the weights, is the products."""

from dataclasses import dataclass

import numpy as np

from convscope.plain.convolved import Convolved
from convscope.plain.convolved_words import SHOWN, number
from convscope.plain.paper import HEADING, MARK, MUTED, SMALL, TEXT, Corner, Paper, length
from convscope.plain.shades import levels, window_levels

READABLE, LARGEST = 13, 22  # sizes of numbers: a page grows before they get smaller
SIGN = 28  # half the gap in which x and = stand
SIDES = 240  # room for what the products add up to


@dataclass(frozen=True)
class Tables:
    """Three tables side by side for each of some input channels: the size of a cell and of its text."""

    channels: tuple[int, ...]
    across: int
    cell: tuple[int, int]
    text: int

    @property
    def table(self) -> float:
        return self.cell[0] * self.across

    @property
    def width(self) -> int:
        return round(3 * self.table + 4 * SIGN + SIDES)


def plan_tables(seen: Convolved, room: float) -> Tables:
    """Cells in which every number fits, within ``room`` pixels if the text can stay readable."""
    many, across = len(seen.input) > SHOWN, seen.kernel.shape[2]
    channels = seen.strongest[:SHOWN] if many else tuple(range(len(seen.input)))
    shown = [values[channel] for values in (seen.window, seen.kernel, seen.products) for channel in channels]
    words = {number(float(value)) for value in np.concatenate([values.ravel() for values in shown])}
    plans = [_sized(words, channels, across, size) for size in range(LARGEST, READABLE - 1, -1)]
    return next((tables for tables in plans if tables.width <= room), plans[-1])


def _sized(words: set[str], channels: tuple[int, ...], across: int, size: int) -> Tables:
    wide = max(max(length(word, size) for word in words) + size, 2.2 * size)
    return Tables(channels, across, (round(wide), 2 * size), size)


def draw_tables(paper: Paper, seen: Convolved, tables: Tables, corner: Corner) -> float:
    """The tables of all channels, and the sum; returns where they end."""
    left, y = corner
    for place, word in enumerate(("input in the window", "weights", "products")):
        paper.write((left + place * (tables.table + 2 * SIGN), y), word, SMALL, MUTED)
    y += 28
    for channel in tables.channels:
        y = _worked(paper, seen, channel, tables, (left, y)) + 20
    for line in _remarks(seen, tables):
        paper.write((left, y), line, SMALL, MUTED)
        y += 32
    paper.fill((left, y + 4, left + 16, y + 20), MARK)
    total = f"sum {number(seen.sum)} + bias {number(seen.bias)} = {number(seen.value)}"
    paper.write((left + 28, y), f"{total}, the marked cell of the feature map", TEXT)
    return y + 32


def _remarks(seen: Convolved, tables: Tables) -> list[str]:
    rest = list(seen.strongest[len(tables.channels) :])
    lines = [f"the other {len(rest)} channels add {number(float(seen.products[rest].sum()))}"] if rest else []
    return lines + ["light cells without a shade are padding"] * (not seen.inside.all())


def _worked(paper: Paper, seen: Convolved, channel: int, tables: Tables, corner: Corner) -> float:
    """Window times weights is products, of one channel."""
    left, y = corner
    if len(seen.input) > 1:
        paper.write((left, y), seen.channels[channel], SMALL, MUTED)
        y += 28
    window, weights, products = (values[channel] for values in (seen.window, seen.kernel, seen.products))
    high, step = tables.cell[1] * len(weights), tables.table + 2 * SIGN
    for place, (values, shades) in enumerate(
        (
            (window, window_levels(seen, channel)),
            (weights, levels(weights, float(np.abs(seen.kernel).max()))),
            (products, levels(products, float(np.abs(seen.products).max()))),
        )
    ):
        paper.cells((left + place * step, y), texts(values), shades, tables.cell, tables.text)
    middle = y + high / 2
    paper.times((left + step - SIGN, middle))
    paper.write((left + 2 * step - SIGN, middle), "=", HEADING, anchor="mm")
    total = f"add up to {number(float(products.sum()))}"
    paper.write((left + 3 * step - SIGN, middle), total, TEXT, anchor="lm")
    return y + high


def texts(values: np.ndarray) -> list[list[str]]:
    return [[number(float(value)) for value in row] for row in values]
