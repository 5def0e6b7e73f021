"""A figure laid out and drawn: above stands what is done, in the middle what comes out, below how large it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log
from typing import NamedTuple

import numpy as np

from convscope.plain.boxes import Box
from convscope.plain.figure import Column, Figure, Stack
from convscope.plain.ramp import coloured_png
from convscope.plain.render import encode
from convscope.plain.svg import element, lines_of, picture, polygon, words

LARGEST, SMALLEST = 144, 20  # sides of a drawn map
SHEET_X, SHEET_Y = 9, 7  # from one sheet to the one behind it
COLUMN, TALLEST, SHORTEST = 16, 190, 56
GAP, BETWEEN_WORDS, EDGE = 46, 14, 32
LETTER = 6.4  # pixels of one, in text of 12 px
BARS, BAR_ROW = 200, 38
LINE, STEP_WIDTH, NAME_WIDTH = 16, 20, 20
STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: #1d1f23 }
.title { font-size: 20px; font-weight: 600 } .muted { fill: #5d6168 } .size { font-weight: 600; font-size: 13px }
.card { fill: #fbfbfa } .edge { fill: none; stroke: #fbfbfa } .fan { fill: #0b5cad; fill-opacity: .1 }
.rail { fill: #e4e4e0 } .fill { fill: #0b5cad } .casing { fill: none; stroke: #000; stroke-width: 3 }
.sees { fill: #ff9f1c; fill-opacity: .14 } .mark { fill: none; stroke: #ff9f1c; stroke-width: 1.5 }
.ray { stroke: #c46f00; stroke-width: 1; fill: none } .tick { stroke: #b9bcc0 } image { image-rendering: auto }
@media (prefers-color-scheme: dark) {
text { fill: #e6e7e9 } .muted { fill: #a4a8ae } .card { fill: #141517 } .edge { stroke: #3a3e44 }
.fan, .fill { fill: #7cb8ff } .rail { fill: #2b2e32 } .tick { stroke: #4a4f55 } .ray { stroke: #ff9f1c } }
"""
HOW_TO_READ = (
    "Every sheet is one channel's real output for this photo, those that vary most in front: dark is zero, blue positive, "
    "amber negative, the brightest is the 99.5th percentile of its layer. Drawn sizes grow with the logarithm of the "
    "true ones. The frame is what the marked cell, the strongest of its sheet, looks at in the picture before."
)


class Place(NamedTuple):
    """Where one picture stands: its front sheet or column, and the right and upper ends of all its sheets."""

    front: Box
    right: float
    top: float

    @property
    def left(self) -> float:
        return self.front.left

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Part:
    """One thing in the row: its sizes, the words below it and the words above the way to it."""

    width: float
    height: float
    depth: tuple[float, float]
    below: tuple[str, ...]
    above: tuple[str, ...]

    @property
    def words_below(self) -> float:
        return max(map(len, self.below), default=0) * LETTER + BETWEEN_WORDS

    @property
    def words_above(self) -> float:
        return max(map(len, self.above), default=0) * LETTER + BETWEEN_WORDS


def draw(figure: Figure) -> str:
    """The SVG of a figure; its own card in light and dark, a description for who cannot see it."""
    parts = parts_of(figure)
    above = max(len(part.above) for part in parts) * LINE
    band = max(part.height + part.depth[1] for part in parts)
    axis = EDGE + 56 + above + 20 + band / 2
    places = placed(parts, axis)
    width = ceil(places[-1].right + EDGE)
    caption = lines_of((HOW_TO_READ, *figure.notes), int((width - 2 * EDGE) / 5.8))
    foot = axis + band / 2 + 26
    below = max(len(part.below) - (part.below[-1:] == ("",)) for part in parts)
    height = ceil(foot + below * LINE + 14 + len(caption) * LINE + EDGE - 12)
    body = [
        element("rect", width=width, height=height, rx=12, class_="card"),
        words(figure.title, EDGE, EDGE + 14, "title"),
        words(figure.subtitle, EDGE, EDGE + 36, "muted"),
        *_fans(figure, places),
        *_drawn(figure, places),
        *_rays(figure, places),
        *_labels(parts, places, axis - band / 2 - 14, foot),
        *(words(line, EDGE, height - EDGE + 12 - (len(caption) - 1 - i) * LINE, "muted")
          for i, line in enumerate(caption)),
    ]  # fmt: skip
    return _document(figure, width, height, body)


def _document(figure: Figure, width: int, height: int, body: list[str]) -> str:
    head = element("title", _escaped(figure.title)) + element("desc", _escaped(description(figure)))
    return (
        element(
            "svg", head, element("style", STYLE), *body, xmlns="http://www.w3.org/2000/svg", role="img",
            viewBox=f"0 0 {width} {height}", width=width, height=height,
        )
        + "\n"
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def description(figure: Figure) -> str:
    """The whole figure in words."""
    height, width = figure.photo.shape[:2]
    steps = [f"A photo of {height} × {width} pixels goes in."]
    for item in figure.pictures:
        how = ", ".join(item.steps) or "next"
        folded = f" ({item.folded})" if item.folded else ""
        steps.append(f"{how}: {item.name}{folded}, {size_of(item)}.")
    steps.append("Softmax: " + ", ".join(f"{name} {share:.1%}" for name, share in figure.classes) + ".")
    return " ".join([figure.subtitle + ".", *steps])


def size_of(item: Stack | Column) -> str:
    """Height × width × channels, or the number of units."""
    return " × ".join(map(str, item.size)) if isinstance(item, Stack) else f"{item.units:,}"


def side(pixels: int, largest: int) -> float:
    """The drawn length of a side: more for more, in the logarithm."""
    return SMALLEST + (LARGEST - SMALLEST) * (log(pixels) / log(largest) if largest > 1 else 1)


def column_height(units: int) -> float:
    return min(SHORTEST + (TALLEST - SHORTEST) * log(max(units, 1)) / log(25_088), 1.2 * TALLEST)


def parts_of(figure: Figure) -> list[Part]:
    """The photo, every picture, and the classes, measured."""
    stacks = [item for item in figure.pictures if isinstance(item, Stack)]
    largest = max(*figure.photo.shape[:2], *(max(stack.size[:2]) for stack in stacks), 2)
    height, width, channels = figure.photo.shape
    photo_below = (f"{height} × {width} × {channels}", "photo", "")
    parts = [Part(*_sides(height, width, largest), (0, 0), photo_below, ())]
    for item in figure.pictures:
        below = (size_of(item), *lines_of((item.name,), NAME_WIDTH), item.folded)
        above = tuple(lines_of(item.steps, STEP_WIDTH))
        if isinstance(item, Stack):
            behind = len(item.sheets) - 1
            sizes = _sides(*item.size[:2], largest)
            parts.append(Part(*sizes, (behind * SHEET_X, behind * SHEET_Y), below, above))
        else:
            parts.append(Part(COLUMN, column_height(item.units), (0, 0), below, above))
    return [*parts, Part(BARS, len(figure.classes) * BAR_ROW, (0, 0), (), ("softmax",))]


def _sides(height: int, width: int, largest: int) -> tuple[float, float]:
    """Drawn (width, height): the longer side by the scale, the other in proportion."""
    longest = side(max(height, width), largest)
    return max(longest * width / max(height, width), 4), max(longest * height / max(height, width), 4)


def placed(parts: list[Part], axis: float) -> list[Place]:
    """The parts from left to right, as close as pictures and words allow."""
    places: list[Place] = []
    left = EDGE + max(0, (parts[0].words_below - BETWEEN_WORDS - parts[0].width) / 2)
    gap_before = words_before = 0.0
    for part, former in zip(parts, [None, *parts], strict=False):
        if former is not None:
            right = places[-1].right
            apart = (
                (former.words_below + part.words_below) / 2
                + places[-1].centre
                - (part.width + part.depth[0]) / 2
            )
            words_apart = (
                2 * (gap_before + (words_before + part.words_above) / 2) - right if words_before else 0
            )
            left = max(right + GAP, apart, words_apart, right + 0.6 * part.words_above)
            gap_before, words_before = (right + left) / 2, part.words_above
        dx, dy = part.depth
        top = axis - (part.height - dy) / 2
        front = Box(left, top, left + part.width, top + part.height)
        places.append(Place(front, left + part.width + dx, top - dy))
    return places


def _drawn(figure: Figure, places: list[Place]) -> Iterator[str]:
    """The photo, the sheets, the columns and the bars."""
    photo, *others, bars = places
    yield _photo(figure.photo, photo.front)
    sees = [item.sees if isinstance(item, Stack) else None for item in figure.pictures]
    yield from _marks(photo.front, sees[0], None)
    for index, (item, place) in enumerate(zip(figure.pictures, others, strict=True)):
        if isinstance(item, Stack):
            yield from _sheets(item, place)
            looked_at = sees[index + 1] if index + 1 < len(sees) else None
            yield from _marks(place.front, looked_at, item.cell if item.sees else None)
        else:
            data = coloured_png(item.levels[:, None], item.ramp)
            yield picture(data, "png", *_corner_and_size(place.front))
    yield from _bars(figure.classes, bars)


def _photo(pixels: np.ndarray, box: Box) -> str:
    """The photo as it is; a tiny one enlarged by a whole factor, so that its pixels stay squares."""
    longest = max(pixels.shape[:2])
    if longest > 2 * LARGEST:
        return picture(encode(pixels, "JPEG"), "jpeg", *_corner_and_size(box))
    factor = -(-LARGEST // longest) if longest <= 48 else 1
    enlarged = pixels.repeat(factor, 0).repeat(factor, 1)
    kind = "PNG" if longest <= 96 else "JPEG"
    return picture(encode(enlarged, kind), kind.lower(), *_corner_and_size(box))


def _corner_and_size(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.width, box.height


def _sheets(stack: Stack, place: Place) -> Iterator[str]:
    """From the hindmost to the front; each with an edge of the card's colour."""
    for depth in reversed(range(len(stack.sheets))):
        x, y = place.front.left + depth * SHEET_X, place.front.top - depth * SHEET_Y
        size = place.front.width, place.front.height
        yield picture(coloured_png(stack.sheets[depth], stack.ramp), "png", x, y, *size)
        yield element("rect", x=x, y=y, width=size[0], height=size[1], class_="edge")


def _within(front: Box, share: Box) -> Box:
    """A box given in shares of a picture, where the picture is drawn; at least two pixels wide."""
    left, top = front.left + share.left * front.width, front.top + share.top * front.height
    return Box(left, top, left + max(share.width * front.width, 2), top + max(share.height * front.height, 2))


def _marks(front: Box, looked_at: Box | None, cell: Box | None) -> Iterator[str]:
    for share, class_ in ((looked_at, "sees"), (cell, "cell")):
        if share is not None:
            x, y, width, height = _corner_and_size(_within(front, share))
            for kind in ("casing", f"{class_} mark"):
                yield element("rect", x=x, y=y, width=width, height=height, class_=kind)


def _rays(figure: Figure, places: list[Place]) -> Iterator[str]:
    """From the corners of what a cell sees to the corners of the cell; an arrow where that is not one box."""
    for item, former, place in zip(figure.pictures, places, places[1:], strict=False):
        if isinstance(item, Column):
            continue
        if item.sees is None or item.cell is None:
            middle = place.front.top + place.front.height / 2
            yield element(
                "path",
                d=f"M{former.right + 8:.1f} {middle:.1f}H{place.left - 8:.1f}m-6 -4l6 4l-6 4",
                class_="ray",
            )
            continue
        source, cell = _within(former.front, item.sees), _within(place.front, item.cell)
        for start, end in ((source.top, cell.top), (source.bottom, cell.bottom)):
            yield element("line", x1=source.right, y1=start, x2=cell.left, y2=end, class_="ray")


def _fans(figure: Figure, places: list[Place]) -> Iterator[str]:
    """Behind a column and the classes: everything there depends on everything before."""
    for item, former, place in zip([*figure.pictures, None], places, places[1:], strict=False):
        if isinstance(item, Stack):
            continue
        corners = [(former.right, former.top), (former.front.right, former.front.bottom)]
        yield polygon(
            *corners, (place.left - 4, place.front.bottom), (place.left - 4, place.front.top), class_="fan"
        )


def _bars(classes: tuple[tuple[str, float], ...], place: Place) -> Iterator[str]:
    for row, (name, share) in enumerate(classes):
        y = place.front.top + row * BAR_ROW + 14
        shown = name if len(name) <= 24 else f"{name[:23]}…"
        yield words(shown, place.left, y, "size" if row == 0 else "")
        yield words(f"{share:.1%}", place.right, y, "size" if row == 0 else "", "end")
        yield element("rect", x=place.left, y=y + 6, width=BARS, height=7, rx=3.5, class_="rail")
        yield element(
            "rect", x=place.left, y=y + 6, width=max(share * BARS, 1), height=7, rx=3.5, class_="fill"
        )


def _labels(parts: list[Part], places: list[Place], above: float, below: float) -> Iterator[str]:
    for part, place in zip(parts, places, strict=True):
        styles = ["size", *[""] * (len(part.below) - 2), "muted"]  # the last line says what is folded
        for row, (line, style) in enumerate(zip(part.below, styles, strict=False)):
            if line:
                yield words(line, place.centre, below + row * LINE, style, "middle")
    for former, part, place in zip(places, parts[1:], places[1:], strict=False):
        middle = (former.right + place.left) / 2
        for row, line in enumerate(reversed(part.above)):
            yield words(line, middle, above - 8 - row * LINE, "", "middle")
        yield element("line", x1=middle, x2=middle, y1=above, y2=above + 10, class_="tick")
