"""A worked convolution as one page: input, kernel and maps in a row, below them the sum at the position."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain

import numpy as np

from convscope.plain.convolved import Convolved
from convscope.plain.convolved_words import SHOWN, listed, number
from convscope.plain.paper import HEADING, LEAST_MARK, MARK, MUTED, SMALL, TEXT, TITLE, VOID, Paper
from convscope.plain.render import signed, unsigned
from convscope.plain.window import Window

MARGIN, GAP, SIDE, SIGN = 64, 56, 360, 28
NARROWEST = 1400
LEAST, LARGEST = 7, 22  # sizes of numbers in tables
ROOM = 6000  # pixels of height to lay out in; the page is cut to what was used
Panel = Callable[[Paper, Convolved, float, float], float]


def draw_page(seen: Convolved) -> np.ndarray:
    """uint8 ``[h, w, 3]``: the whole page."""
    panels = _panels(seen)
    width = max(2 * MARGIN + len(panels) * (SIDE + GAP) - GAP, NARROWEST)
    paper = Paper(width, ROOM)
    y = _title(paper, seen)
    y = max(draw(paper, seen, MARGIN + place * (SIDE + GAP), y) for place, draw in enumerate(panels))
    y = _sum(paper, seen, y + 40)
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
    pixels = _colour(seen.picture) if seen.reads_pixels else _grey(seen.input[channel])[0]
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
        lines += [_grey(seen.input[channel])[1]]
        lines.append(f"{seen.channels[channel]}, which contributes most here of {len(seen.input)} channels")
    if up + down + before + after:
        lines.append(f"padded by {up} above, {down} below, {before} left, {after} right")
    if any(seen.dropped):
        lines.append(f"hatched: {seen.dropped[0]} rows and {seen.dropped[1]} columns that no window reaches")
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
        lines.append(f"grey 0, full colour {number(scale)}; numbers below")
    else:
        texts = _texts(weights)
        paper.cells((x, y), texts, _levels(weights, scale), (cell, cell), _text_size(paper, texts, cell, 34))
        lines += [seen.channels[channel]] if channels > 1 else []
        lines.append(f"black {number(-scale)}, grey 0, white {number(scale)}")
    return _captions(paper, x, y + cell * high, lines)


def _map(place: int, paper: Paper, seen: Convolved, x: float, y: float) -> float:
    """A feature map, or what a step made of it, with the cells that the position became."""
    name, found = seen.stages[place]
    y = _heading(paper, x, y, "Feature map" if place == 0 else f"After {name}")
    pixels, shades = _grey(found)
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


# --- the sum at the position


def _sum(paper: Paper, seen: Convolved, y: float) -> float:
    y = _heading(
        paper, MARGIN, y, f"The sum at row {seen.position[0]}, column {seen.position[1]} of the feature map"
    )
    channels = list(seen.strongest[:SHOWN]) if len(seen.input) > SHOWN else list(range(len(seen.input)))
    cell, size = _cell(paper, seen, channels)
    for place, word in enumerate(("input in the window", "weights", "products")):
        paper.write((MARGIN + place * (cell[0] * seen.kernel.shape[2] + 2 * SIGN), y), word, SMALL, MUTED)
    y += 28
    for channel in channels:
        y = _worked(paper, seen, channel, y, cell, size) + 20
    if len(seen.input) > len(channels):
        rest = float(seen.products[list(seen.strongest[SHOWN:])].sum())
        text = f"the other {len(seen.input) - SHOWN} channels add {number(rest)}"
        paper.write((MARGIN, y), text, TEXT, MUTED)
        y += 36
    if not seen.inside.all():
        paper.write((MARGIN, y), "light cells without a shade are padding", SMALL, MUTED)
        y += 32
    paper.fill((MARGIN, y + 4, MARGIN + 16, y + 20), MARK)
    text = f"sum {number(seen.sum)} + bias {number(seen.bias)} = {number(seen.value)}, the marked cell of the feature map"
    paper.write((MARGIN + 28, y), text, TEXT)
    return y + 32


def _cell(paper: Paper, seen: Convolved, channels: list[int]) -> tuple[tuple[int, int], int]:
    """Cells in which every number fits, three tables side by side; and the size of the text."""
    texts = list(
        chain.from_iterable(
            _texts(values[channel])
            for values in (seen.window, seen.kernel, seen.products)
            for channel in channels
        )
    )
    room = (paper.image.width - 2 * MARGIN - 4 * SIGN - 200) / 3 / seen.kernel.shape[2]
    size = LARGEST
    while (
        wide := max(paper.length(text, size) for row in texts for text in row) + size
    ) > room and size > LEAST:
        size -= 1
    return (round(max(min(wide, room), 2.2 * size)), round(2 * size)), size


def _worked(paper: Paper, seen: Convolved, channel: int, y: float, cell: tuple[int, int], size: int) -> float:
    """Window times weights is products, as three tables."""
    if len(seen.input) > 1:
        paper.write((MARGIN, y), seen.channels[channel], SMALL, MUTED)
        y += 28
    wide, high = cell[0] * seen.kernel.shape[2], cell[1] * seen.kernel.shape[1]
    tables = (
        (seen.window[channel], _input_levels(seen, channel)),
        (seen.kernel[channel], _levels(seen.kernel[channel], float(np.abs(seen.kernel).max()))),
        (seen.products[channel], _levels(seen.products[channel], float(np.abs(seen.products).max()))),
    )
    x = float(MARGIN)
    for values, levels in tables:
        paper.cells((x, y), _texts(values), levels, cell, size)
        x += wide + 2 * SIGN
    paper.times((MARGIN + wide + SIGN, y + high / 2))
    paper.write((MARGIN + 2 * wide + 3 * SIGN, y + high / 2), "=", HEADING, anchor="mm")
    text = f"add up to {number(float(seen.products[channel].sum()))}"
    paper.write((x - SIGN, y + high / 2), text, TEXT, anchor="lm")
    return y + high


def _texts(values: np.ndarray) -> list[list[str]]:
    return [[number(float(value)) for value in row] for row in values]


def _text_size(paper: Paper, texts: list[list[str]], cell: int, largest: int) -> int:
    longest = max((text for row in texts for text in row), key=len)
    size = largest
    while size > LEAST and paper.length(longest, size) > cell - size / 2:
        size -= 1
    return size


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
    settings = (
        f"padding {before} before and {after} after, kernel {window.kernel}, stride {window.stride}{dilated}"
    )
    return f"{window.formula(n)}   ({settings}; {window.dropped(n) or 'none'} dropped at the end)"


# --- numbers as grey levels


def _colour(picture: np.ndarray) -> np.ndarray:
    return picture if picture.shape[2] == 3 else np.repeat(picture, 3, axis=2)


def _levels(values: np.ndarray, scale: float) -> np.ndarray:
    """Grey levels ``[h, w]`` of signed numbers: zero is mid-grey."""
    return signed(values[:, :, None], scale).pixels[:, :, 0]


def _input_levels(seen: Convolved, channel: int) -> np.ndarray:
    """Grey levels of what the window reads, as bright as in the picture of the input; padding is light."""
    maps = seen.input[channel]
    low, high = float(maps.min()), float(maps.max())
    if seen.reads_pixels and low >= 0 and high <= 255:
        levels = unsigned(seen.window[channel], 255 if high > 1 else 1)
    elif low < 0:
        levels = _levels(seen.window[channel], max(-low, high))
    else:
        levels = unsigned(seen.window[channel], high)
    return np.where(seen.inside, levels, 236).astype(np.uint8)


def _grey(values: np.ndarray) -> tuple[np.ndarray, str]:
    """A map as grey pixels ``[h, w, 3]`` over its whole range, and what the shades mean."""
    low, high = float(values.min()), float(values.max())
    if low < 0:
        top = max(-low, high)
        return signed(values[:, :, None], top).pixels, f"black {number(-top)}, grey 0, white {number(top)}"
    return np.repeat(unsigned(values, high)[:, :, None], 3, axis=2), f"black 0, white {number(high)}"


def _size(values: np.ndarray) -> str:
    return f"{values.shape[0]} x {values.shape[1]}"
