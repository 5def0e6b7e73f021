"""Curves over the epochs as SVG text: one chart, two lines, each named at its end.

Epoch 0, before the first step, is at the left: there the weights exist, but nothing was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 480, 180
LEFT, RIGHT, TOP, BOTTOM = (
    44,
    124,
    12,
    24,
)  # room for words around the plot; training.css moves a line across it
APART = 15  # pixels between the names of lines that end close together


@dataclass(frozen=True)
class Curve:
    """A named line, one value an epoch; the second of a chart is dashed."""

    name: str
    values: Sequence[float]


def chart(
    title: str, epochs: Sequence[int], curves: Sequence[Curve], best: int, last: int, *, percent: bool
) -> Markup:
    """Lines over ``epochs`` of 0 to ``last``, from zero up; a dotted line marks the ``best`` epoch, another the one that is asked for."""
    top = round_up(max(max(curve.values) for curve in curves)) if not percent else 1.0
    across = [_x(epoch, last) for epoch in epochs]
    lines, labels = Markup(""), _labels(curves, top)
    for place, (curve, y) in enumerate(zip(curves, labels, strict=True)):
        points = " ".join(
            f"{x:.1f},{_y(value, top):.1f}" for x, value in zip(across, curve.values, strict=True)
        )
        lines += Markup('<polyline class="line-{}" points="{}"/><text class="line-{}" x="{}" y="{}">{}</text>').format(
            place, points, place, WIDTH - RIGHT + 6, f"{y + 4:.1f}", f"{curve.name} {_words(curve.values[-1], percent)}"
        )  # fmt: skip
    return Markup(
        '<svg class="curves" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<path class="best" d="M{} {}V{}"/><path class="now" d="M{} {}V{}"/></svg>'
    ).format(
        WIDTH, HEIGHT, title, _axes(last, top, percent), lines,
        f"{_x(best, last):.1f}", TOP, HEIGHT - BOTTOM, LEFT, TOP, HEIGHT - BOTTOM,
    )  # fmt: skip


def _axes(last: int, top: float, percent: bool) -> Markup:
    drawn = Markup("")
    for share in (0, 0.5, 1):
        y = _y(share * top, top)
        drawn += Markup(
            '<path class="grid" d="M{} {}H{}"/><text class="tick" x="{}" y="{}">{}</text>'
        ).format(LEFT, f"{y:.1f}", WIDTH - RIGHT, LEFT - 6, f"{y + 4:.1f}", _words(share * top, percent))
    words = Markup('<text class="tick" x="{}" y="{}">{}</text>')
    return (
        drawn
        + words.format(LEFT + 6, HEIGHT - 6, 0)
        + words.format(WIDTH - RIGHT + 6, HEIGHT - 6, f"epoch {last}")
    )


def _labels(curves: Sequence[Curve], top: float) -> list[float]:
    """Where the names stand: at the ends of the lines, moved apart where they would touch."""
    ends = [_y(curve.values[-1], top) for curve in curves]
    if len(ends) == 2 and abs(ends[0] - ends[1]) < APART:
        middle, first = min(sum(ends) / 2, HEIGHT - BOTTOM - APART / 2), 1 if ends[0] > ends[1] else -1
        return [middle + first * APART / 2, middle - first * APART / 2]
    return ends


def _x(epoch: int, last: int) -> float:
    return LEFT + epoch / max(last, 1) * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return TOP + (1 - min(max(value / top, 0.0), 1.0)) * (HEIGHT - TOP - BOTTOM)


def _words(value: float, percent: bool) -> str:
    return f"{value:.1%}".replace(".0%", "%").replace("%", " %") if percent else f"{value:.3g}"


def round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten.

    >>> round_up(1.3), round_up(0.04)
    (2.0, 0.05)
    """
    size = 1e-6
    while size * 10 < value:
        size *= 10
    return float(f"{next((size * step for step in (1, 2, 5) if size * step >= value), size * 10):.6g}")
