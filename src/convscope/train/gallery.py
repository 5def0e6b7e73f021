"""The pictures behind a report: some of every cell of the confusion matrix, and the surest mistakes."""

from collections import defaultdict
from collections.abc import Iterable
from html import escape

from convscope.errors import BadImages
from convscope.images.source import Images
from convscope.plain.embedded import embedded
from convscope.train.predict import Prediction

SIDE = 96  # pixels of a thumbnail
PER_CELL, PER_RIGHT_CELL, SUREST = 12, 6, 24
CELLS = 400  # that have pictures, the fullest first, so that a page stays some megabytes
STYLE = """
.thumbs { display: flex; flex-wrap: wrap; gap: 12px; margin: 8px 0 16px }
.thumb { margin: 0; width: 96px; font-size: 12px; line-height: 1.35 }
.thumb img { width: 96px; height: 96px; object-fit: contain; background: var(--tile); border-radius: 4px }
.thumb img.small { image-rendering: pixelated }
.thumb figcaption { font-size: 12px; margin: 4px 0 0 } .thumb b { font-size: 12px; font-weight: 600 }
.thumb .name { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
"""


def sure(probability: float) -> str:
    """A probability in words, which rounds none to certainty.

    >>> sure(0.876), sure(0.9996)
    ('88%', 'over 99%')
    """
    return "over 99%" if 0.995 <= probability < 1 else f"{probability:.0%}"


class Gallery:
    """Pictures by what they are and what they were called, ready for a page."""

    def __init__(self, images: Images, predictions: Iterable[Prediction]):
        self.images = images
        self.row = {name: row for row, name in enumerate(images.ids)}
        self.cells: dict[tuple[str, str], list[Prediction]] = defaultdict(list)
        for one in predictions:
            if one.label is not None:
                self.cells[one.label, one.predicted].append(one)
        for (label, predicted), rows in self.cells.items():
            # of mistakes the surest tell most, of right answers the least sure
            rows.sort(key=lambda one: (one.probability * (1 if label == predicted else -1), one.id))

    def pictured(self) -> set[tuple[str, str]]:
        """The cells that have pictures: the fullest, mistakes first."""
        order = sorted(self.cells, key=lambda cell: (cell[0] == cell[1], -len(self.cells[cell]), cell))
        return set(order[:CELLS])

    def cell(self, label: str, predicted: str) -> str:
        """Thumbnails of one cell, and how many of how many they are."""
        rows, right = self.cells[label, predicted], label == predicted
        shown = rows[: PER_RIGHT_CELL if right else PER_CELL]
        order = "least sure first" if right else "surest first"
        figures = "".join(self.figure(one, f"{sure(one.probability)} sure") for one in shown)
        return f'<p class="muted">{len(shown)} shown of {len(rows):,}, {order}.</p><div class="thumbs">{figures}</div>'

    def surest_mistakes(self) -> str:
        """Thumbnails of the wrong answers that were given most surely."""
        wrong = [one for (label, said), rows in self.cells.items() if label != said for one in rows]
        wrong.sort(key=lambda one: (-one.probability, one.id))
        shown = wrong[:SUREST]
        figures = "".join(
            self.figure(one, f"is {one.label}, called {one.predicted}, {sure(one.probability)} sure")
            for one in shown
        )
        if not shown:
            return '<p class="muted">There is none.</p>'
        return (
            f'<p class="muted">{len(shown)} shown of {len(wrong):,}.</p><div class="thumbs">{figures}</div>'
        )

    def figure(self, one: Prediction, words: str) -> str:
        """One picture with what is to be said of it; its name in full when pointed at."""
        name = one.id.rsplit("/", 1)[-1]
        return (
            f'<figure class="thumb">{self._picture(one)}<figcaption>{escape(words)}'
            f'<span class="name" title="{escape(one.id)}">{escape(name)}</span></figcaption></figure>'
        )

    def _picture(self, one: Prediction) -> str:
        try:
            pixels = self.images[self.row[one.id]]
        except BadImages:
            return '<p class="muted">no picture</p>'
        kind = ' class="small"' if max(pixels.shape[:2]) <= SIDE else ""
        return f'<img{kind} src="{embedded(pixels, SIDE)}" alt="{escape(one.id)}">'
