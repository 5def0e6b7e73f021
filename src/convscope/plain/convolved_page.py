"""A worked convolution as one page: input, kernel and maps in a row, below them the sum at the position."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from convscope.arithmetic.window import Window
from convscope.plain.convolved import Convolved
from convscope.plain.convolved_tables import draw_tables, plan_tables, texts
from convscope.plain.convolved_words import listed, number
from convscope.plain.paper import (
    HEADING,
    LEAST_MARK,
    MARK,
    MUTED,
    SMALL,
    TEXT,
    TITLE,
    VOID,
    Corner,
    Paper,
    length,
)
from convscope.plain.render import signed
from convscope.plain.shades import grey, levels

MARGIN, GAP, SIDE = 64, 56, 360
NARROWEST = 1272
LEGIBLE, LARGEST = 11, 34  # sizes of numbers on the picture of a kernel
ROOM = 6000  # pixels of height to lay out in; the page is cut to what was used
Panel = Callable[[Paper, Convolved, float, float], float]


def draw_page(seen: Convolved) -> np.ndarray:
    """uint8 ``[h, w, 3]``: the whole page."""
    panels = _panels(seen)
    row = len(panels) * (SIDE + GAP) - GAP
    tables = plan_tables(seen, max(row, NARROWEST))
    paper = Paper(2 * MARGIN + max(row, NARROWEST, tables.width), ROOM)
    y = _title(paper, seen)
    y = max(draw(paper, seen, MARGIN + place * (SIDE + GAP), y) for place, draw in enumerate(panels))
    at = f"row {seen.position[0]}, column {seen.position[1]}"
    y = _heading(paper, MARGIN, y + 40, f"The sum at {at} of the feature map")
    y = draw_tables(paper, seen, tables, (MARGIN, y))
    y = _words(paper, seen, y + 40)
    return paper.cut(y + MARGIN / 2)


def _panels(seen: Convolved) -> list[Panel]:
    maps = [partial(_map, place) for place in range(len(seen.stages))]
    before = [_input] if seen.reads_pixels else [_photo, _input]
    return [*before, _kernel, *maps]


def _title(paper: Paper, seen: Convolved) -> float:
    paper.write((MARGIN, MARGIN - 16), seen.title, TITLE)
    y = MARGIN + 44.0
    for note in seen.notes:
        y += paper.paragraph(
            (MARGIN, y), note[:1].upper() + note[1:], paper.image.width - 2 * MARGIN, TEXT, MUTED
        )
    return y + 24


# --- the row of pictures


def _heading(paper: Paper, x: float, y: float, text: str) -> float:
    paper.write((x, y), text, HEADING)
    return y + 40


def _photo(paper: Paper, seen: Convolved, x: float, y: float) -> float:
    """What the network is shown, and the part of it that reaches the window."""
    y = _heading(paper, x, y, "Picture")
    height, width = seen.picture.shape[:2]
    scale = SIDE / max(height, width)
    size = (round(width * scale), round(height * scale))
    paper.picture((x, y), _colour(seen.picture), size)
    paper.frame((x, y, x + size[0], y + size[1]))
    left, top, right, bottom = (edge * scale for edge in seen.box)
    paper.mark((x + left, y + top, x + right, y + bottom))
    return _captions(
        paper, x, y + size[1], [f"{height} x {width} pixels", "marked: what the window sees of it"]
    )


def _input(paper: Paper, seen: Convolved, x: float, y: float) -> float:
    """What the kernel reads, with its padding around it and what no window reaches hatched."""
    channel = seen.strongest[0]
    y = _heading(paper, x, y, "Input")
    height, width = seen.input.shape[1:]
    (up, down), (before, after) = (window.amounts(n) for _, window, n in seen.axes)
    scale = SIDE / max(height + up + down, width + before + after)
    pixels = _colour(seen.picture) if seen.reads_pixels else grey(seen.input[channel])[0]
    size = (round(width * scale), round(height * scale))
    all_wide, all_high = round((width + before + after) * scale), round((height + up + down) * scale)
    corner = (x + round(before * scale), y + round(up * scale))
    paper.fill((x, y, x + all_wide, y + all_high), VOID)
    paper.picture(corner, pixels, size)
    paper.frame((x, y, x + all_wide, y + all_high))
    _dropped(paper, seen, corner, size, scale)
    rows, columns = seen.places
    paper.mark(
        (
            corner[0] + columns[0] * scale, corner[1] + rows[0] * scale,
            corner[0] + (columns[-1] + 1) * scale, corner[1] + (rows[-1] + 1) * scale,
        )
    )  # fmt: skip
    lines = [_size(seen.input[channel])]
    if not seen.reads_pixels:
        lines += [grey(seen.input[channel])[1]]
        lines.append(f"{seen.channels[channel]}, which contributes most here of {len(seen.input)} channels")
    if up + down + before + after:
        lines.append(f"padded by {up} above, {down} below, {before} left, {after} right")
    if any(seen.dropped):
        lines.append(
            f"hatched: rows ({seen.dropped[0]}) and columns ({seen.dropped[1]}) that no window reaches"
        )
    return _captions(paper, x, y + all_high, lines)


def _dropped(
    paper: Paper, seen: Convolved, corner: tuple[float, float], size: tuple[int, int], scale: float
) -> None:
    rows, columns = (max(count * scale, LEAST_MARK / 2) if count else 0 for count in seen.dropped)
    right, bottom = corner[0] + size[0], corner[1] + size[1]
    paper.hatch((corner[0], bottom - rows, right, bottom))
    paper.hatch((right - columns, corner[1], right, bottom))


def _kernel(paper: Paper, seen: Convolved, x: float, y: float) -> float:
    """The weights as a picture; of one channel with its numbers, of red, green and blue in colour."""
    y = _heading(paper, x, y, "Kernel")
    channels, high, wide = seen.kernel.shape
    cell = SIDE // max(high, wide)
    coloured = seen.reads_pixels and channels == 3
    channel = seen.strongest[0]
    weights, scale = seen.kernel[channel], float(np.abs(seen.kernel).max())
    lines = [f"{high} x {wide} weights" + (f", {channels} channels" if channels > 1 else "")]
    if coloured:
        pixels = signed(seen.kernel.transpose(1, 2, 0), scale).pixels
        paper.picture((x, y), pixels, (cell * wide, cell * high))
        paper.frame((x, y, x + cell * wide, y + cell * high))
        lines.append(f"grey 0, full colour {number(scale)}")
    else:
        _weights(paper, weights, levels(weights, scale), (x, y), cell)
        lines += [seen.channels[channel]] if channels > 1 else []
        lines.append(f"black {number(-scale)}, grey 0, white {number(scale)}")
    return _captions(paper, x, y + cell * high, lines)


def _weights(paper: Paper, weights: np.ndarray, shades: np.ndarray, corner: Corner, cell: int) -> None:
    """Weights as squares, with their numbers where these can be read."""
    longest = max((word for row in texts(weights) for word in row), key=len)
    sizes = (size for size in range(LARGEST, LEGIBLE - 1, -1) if length(longest, size) < cell - size / 2)
    size = next(sizes, None)
    words = texts(weights) if size else [[""] * weights.shape[1]] * len(weights)
    paper.cells(corner, words, shades, (cell, cell), size or LEGIBLE)


def _map(place: int, paper: Paper, seen: Convolved, x: float, y: float) -> float:
    """A feature map, or what a step made of it, with the cells that the position became."""
    name, found = seen.stages[place]
    y = _heading(paper, x, y, "Feature map" if place == 0 else f"After {name}")
    pixels, shades = grey(found)
    scale = SIDE / max(found.shape)
    size = (round(found.shape[1] * scale), round(found.shape[0] * scale))
    paper.picture((x, y), pixels, size)
    paper.frame((x, y, x + size[0], y + size[1]))
    rows, columns = seen.cells()[place]
    lines = [_size(found), shades]
    if rows and columns:
        paper.mark(
            (
                x + columns.start * scale,
                y + rows.start * scale,
                x + columns.stop * scale,
                y + rows.stop * scale,
            )
        )
    else:
        lines.append("the position is dropped here")
    return _captions(paper, x, y + size[1], lines)


def _captions(paper: Paper, x: float, y: float, lines: list[str]) -> float:
    y += 12
    for line in lines:
        y += paper.paragraph((x, y), line, SIDE, SMALL, MUTED)
    return y


# --- the words below


def _words(paper: Paper, seen: Convolved, y: float) -> float:
    y = _heading(paper, MARGIN, y, "Arithmetic")
    width = paper.image.width - 2 * MARGIN
    for line in _lines(seen):
        y += paper.paragraph((MARGIN, y), line, width) + 4
    for sentence in seen.promises:
        paper.fill((MARGIN, y + 4, MARGIN + 6, y + 22), MARK)
        y += paper.paragraph((MARGIN + 20, y), sentence[:1].upper() + sentence[1:], width - 20) + 4
    return y


def _lines(seen: Convolved) -> Iterator[str]:
    axes = [_axis(window, n) for _, window, n in seen.axes]
    if axes[0] == axes[1]:
        yield f"Rows and columns: {axes[0]}"
    else:
        yield from (
            f"{name.capitalize()}: {axis}" for (name, _, _), axis in zip(seen.axes, axes, strict=True)
        )
    rows, columns = (listed(visits) for visits in seen.visits)
    if rows == columns:
        yield f"Every row and every column is visited {rows} times; a pixel as often as both multiplied."
    else:
        yield f"Rows are visited {rows} times, columns {columns} times; a pixel as often as both multiplied."


def _axis(window: Window, n: int) -> str:
    before, after = window.amounts(n)
    dilated = f", dilation {window.dilation}" if window.dilation > 1 else ""
    kind = f"{window.padding} padding" if isinstance(window.padding, str) else "padding"
    settings = (
        f"{kind} {before} before and {after} after, kernel {window.kernel}, stride {window.stride}{dilated}"
    )
    return f"{window.formula(n)}   ({settings}; {window.dropped(n) or 'none'} dropped at the end)"


def _colour(picture: np.ndarray) -> np.ndarray:
    return picture if picture.shape[2] == 3 else np.repeat(picture, 3, axis=2)


def _size(values: np.ndarray) -> str:
    return f"{values.shape[0]} x {values.shape[1]}"
