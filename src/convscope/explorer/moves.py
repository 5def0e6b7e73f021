"""Curves of moved pictures as SVG text: one line a picture, numbered at its end, the middle line where nothing moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from convscope.explorer.charts import number
from convscope.explorer.curves import round_up
from convscope.plain.moves import KINDS, Kind, Moved, Moves

WIDTH, HEIGHT = 340, 150
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 10, 24
APART = 11  # pixels between the numbers of lines that end close together
TITLES: dict[Kind, str] = {"translation": "Moved up and down", "scale": "Enlarged", "rotation": "Turned"}
SHOWN = 5  # of the steps as pictures


@dataclass(frozen=True)
class Column:
    """One kind of move: its words, some steps as SVG transforms of the picture, and its charts from top to bottom."""

    kind: Kind
    title: str
    unit: str
    moved: Moved
    samples: list[tuple[str, str]]
    charts: list[tuple[str, Markup]]


def columns(moves: Moves, first: str, last: str, height: int, width: int) -> list[Column]:
    """The nine charts of the paper's figure 5: for every kind the first layer, the last, and p of the true class."""
    tops = [
        round_up(max(float(one.distance[layer].max()) for one in moves.moved.values()))
        for layer in (first, last)
    ]
    found = []
    for kind, moved in moves.moved.items():
        words = f"{TITLES[kind].lower()}, {KINDS[kind][0]}"
        charts = [
            (
                f"{layer}: distance",
                chart(f"Distance in {layer} against {words}", moved.steps, moved.distance[layer], top),
            )
            for layer, top in zip((first, last), tops, strict=True)
        ]
        charts.append(
            ("p of its class", chart(f"Probability against {words}", moved.steps, moved.probability, 1.0))
        )
        found.append(
            Column(kind, TITLES[kind], KINDS[kind][0], moved, _samples(moved, height, width), charts)
        )
    return found


def _samples(moved: Moved, height: int, width: int) -> list[tuple[str, str]]:
    """(words, transform) of some steps, evenly spread; a turn of all round would look like none."""
    places = np.linspace(0, len(moved.steps) - 1, SHOWN).round().astype(int)
    return [
        (f"{moved.steps[place]:g}", _transform(moved.kind, moved.steps[place], height, width))
        for place in places
    ]


def _transform(kind: Kind, step: float, height: int, width: int) -> str:
    if kind == "translation":
        return f"translate(0 {step:g})"
    if kind == "rotation":
        return f"rotate({-step:g} {width / 2:g} {height / 2:g})"  # SVG turns clockwise
    return f"translate({width / 2 * (1 - step):g} {height / 2 * (1 - step):g}) scale({step:g})"


def chart(words: str, steps: Sequence[float], values: np.ndarray, top: float) -> Markup:
    """Lines ``values`` ``[pictures, steps]`` from 0 to ``top``; numbered from 1 at their ends."""
    across = [_x(step, steps) for step in steps]
    drawn = _axes(steps, top)
    ends = _apart([_y(line[-1], top) for line in values.tolist()])
    for place, (line, end) in enumerate(zip(values.tolist(), ends, strict=True)):
        points = " ".join(f"{x:.1f},{_y(value, top):.1f}" for x, value in zip(across, line, strict=True))
        drawn += Markup(
            '<polyline class="picture-{}" points="{}"/><text class="picture-{}" x="{}" y="{}">{}</text>'
        ).format(place, points, place, WIDTH - RIGHT + 5, f"{end + 4:.1f}", place + 1)
    return Markup('<svg class="moves" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, words, drawn
    )


def _axes(steps: Sequence[float], top: float) -> Markup:
    drawn = Markup("")
    for value in (0.0, top / 2, top):
        drawn += Markup(
            '<path class="grid" d="M{} {}H{}"/><text class="tick" x="{}" y="{}">{}</text>'
        ).format(
            LEFT, f"{_y(value, top):.1f}", WIDTH - RIGHT, LEFT - 6, f"{_y(value, top) + 4:.1f}", number(value)
        )
    for step in (steps[0], steps[len(steps) // 2], steps[-1]):
        drawn += Markup('<text class="tick below" x="{}" y="{}">{}</text>').format(
            f"{_x(step, steps):.1f}", HEIGHT - 6, f"{step:g}".replace("-", "−")
        )
    return drawn


def _apart(ends: list[float]) -> list[float]:
    """The same heights in the same order, no two nearer than the numbers are tall, none below the axis."""
    placed = list(ends)
    order = sorted(range(len(ends)), key=ends.__getitem__)
    for above, below in pairwise(order):
        placed[below] = max(placed[below], placed[above] + APART)
    over = max(placed, default=0) - (HEIGHT - BOTTOM)
    return [place - max(over, 0) for place in placed]


def _x(step: float, steps: Sequence[float]) -> float:
    return LEFT + (step - steps[0]) / ((steps[-1] - steps[0]) or 1) * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return TOP + (1 - min(max(value / top, 0.0), 1.0)) * (HEIGHT - TOP - BOTTOM)
