"""A light page on which text, pictures and tables of numbers are laid out, top to bottom."""

import unicodedata
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, MUTED, HAIRLINE = "#fbfbfa", "#141517", "#5c6168", "#c9ccd1"
MARK, CASING, VOID = "#ff9f1c", "#141517", "#ecebe7"
TITLE, HEADING, TEXT, SMALL = 38, 24, 20, 17
LEAST_MARK = 11  # pixels: a smaller mark would not be found
Corner = tuple[float, float]
Edges = tuple[float, float, float, float]


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def printable(text: str) -> str:
    """Text in the letters of the font that comes with Pillow: accents are dropped, other signs become ``?``.

    >>> printable("café 猫.jpg")
    'cafe ?.jpg'
    """
    plain = unicodedata.normalize("NFKD", text.replace("…", "..."))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return bare.encode("ascii", "replace").decode()


def length(text: str, size: int) -> float:
    """How wide a line of text is printed."""
    return font(size).getlength(printable(text))


class Paper:
    """A page of a given width that grows as things are put on it."""

    def __init__(self, width: int, height: int):
        self.image = Image.new("RGB", (width, height), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def write(self, at: Corner, text: str, size: int = TEXT, colour: str = INK, anchor: str = "la") -> float:
        """One line of text; returns its width."""
        self.pen.text(at, printable(text), fill=colour, font=font(size), anchor=anchor)
        return length(text, size)

    def paragraph(self, at: Corner, text: str, width: float, size: int = TEXT, colour: str = INK) -> float:
        """Text broken into lines that fit a width; returns the height used."""
        line, used = "", 0.0
        for word in text.split(" "):
            longer = f"{line} {word}".strip()
            if line and length(longer, size) > width:
                self.write((at[0], at[1] + used), line, size, colour)
                line, used = word, used + 1.4 * size
            else:
                line = longer
        self.write((at[0], at[1] + used), line, size, colour)
        return used + 1.4 * size

    def picture(self, at: Corner, pixels: np.ndarray, size: tuple[int, int]) -> None:
        """uint8 ``[h, w, 3]`` scaled to (width, height): pixels as squares where enlarged, else averaged."""
        larger = size[0] >= pixels.shape[1]
        method = Image.Resampling.NEAREST if larger else Image.Resampling.BOX
        self.image.paste(Image.fromarray(pixels).resize(size, method), (round(at[0]), round(at[1])))

    def frame(self, edges: Edges, colour: str = HAIRLINE) -> None:
        self.pen.rectangle((edges[0] - 1, edges[1] - 1, edges[2], edges[3]), outline=colour)

    def fill(self, edges: Edges, colour: str) -> None:
        self.pen.rectangle((edges[0], edges[1], edges[2] - 1, edges[3] - 1), fill=colour)

    def times(self, centre: Corner, side: float = 12) -> None:
        """A multiplication sign."""
        (x, y), half = centre, side / 2
        for slope in (1, -1):
            self.pen.line((x - half, y - slope * half, x + half, y + slope * half), fill=INK, width=2)

    def hatch(self, edges: Edges) -> None:
        """Diagonal lines over what is left out."""
        left, top, right, bottom = (round(edge) for edge in edges)
        if right <= left or bottom <= top:
            return
        strip = Image.new("RGB", (right - left, bottom - top), PAPER)
        pen = ImageDraw.Draw(strip)
        for start in range(-strip.height, strip.width, 6):
            pen.line((start, strip.height, start + strip.height, 0), fill=MUTED)
        self.image.paste(strip, (left, top))

    def mark(self, edges: Edges) -> None:
        """An orange outline with a dark casing around a part of a picture, however small."""
        left, top, right, bottom = edges
        wide, high = max(right - left, LEAST_MARK), max(bottom - top, LEAST_MARK)
        x, y = (left + right) / 2, (top + bottom) / 2
        for grow, colour, width in ((4, CASING, 5), (3, MARK, 3)):
            box = (x - wide / 2 - grow, y - high / 2 - grow, x + wide / 2 + grow - 1, y + high / 2 + grow - 1)
            self.pen.rectangle(box, outline=colour, width=width)

    def cells(
        self, at: Corner, texts: list[list[str]], colours: np.ndarray, cell: tuple[int, int], size: int
    ) -> None:
        """A table of numbers on coloured cells, grey levels uint8 ``[h, w]``; the ink keeps its contrast."""
        wide, high = cell
        for y, row in enumerate(texts):
            for x, text in enumerate(row):
                left, top, grey = at[0] + x * wide, at[1] + y * high, int(colours[y, x])
                self.fill((left, top, left + wide, top + high), f"#{grey:02x}{grey:02x}{grey:02x}")
                ink = INK if grey > 118 else PAPER
                self.write((left + wide / 2, top + high / 2), text, size, ink, anchor="mm")
        right, bottom = at[0] + wide * len(texts[0]), at[1] + high * len(texts)
        for x in range(1, len(texts[0])):
            self.pen.line((at[0] + x * wide, at[1], at[0] + x * wide, bottom - 1), fill=HAIRLINE)
        for y in range(1, len(texts)):
            self.pen.line((at[0], at[1] + y * high, right - 1, at[1] + y * high), fill=HAIRLINE)
        self.frame((at[0], at[1], right, bottom))

    def cut(self, height: float) -> np.ndarray:
        """The page down to a height, uint8 ``[h, w, 3]``."""
        return np.asarray(self.image.crop((0, 0, self.image.width, round(height))))
