"""Line charts as SVG text: small panels on one scale, each line named at its end, light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np

PANEL, PLOT_WIDTH, PLOT_HEIGHT = (340, 184), 172, 108
LEFT, TOP, ACROSS = 34, 42, 3
NAME = 15  # letters of a line's name
STYLE = """
svg.chart { --ink: #1d1f23; --muted: #5d6168; --line: #e0e0dc; --one: #0b5cad; --two: #b4560a;
  font: 12px system-ui, sans-serif; fill: var(--ink) }
@media (prefers-color-scheme: dark) { svg.chart { --ink: #e6e7e9; --muted: #a4a8ae; --line: #34373c;
  --one: #7cb8ff; --two: #ffb056 } }
.chart .title { font-weight: 600; font-size: 13px } .chart .small { fill: var(--muted); font-size: 11px }
.chart .grid { stroke: var(--line); fill: none } .chart .path { fill: none; stroke-width: 2 }
.chart .band { opacity: 0.16 } .chart .ring { fill: none; stroke-width: 1.5 }
.chart .path.one, .chart .ring.one { stroke: var(--one) } .chart .path.two, .chart .ring.two { stroke: var(--two) }
.chart .band.one, .chart text.one { fill: var(--one) } .chart .band.two, .chart text.two { fill: var(--two) }
"""


@dataclass(frozen=True, eq=False)
class Line:
    """Values ``y`` over ``x``, both ``[n]``; ``spread`` is half the height of the band around them.

    ``rings`` are further values at the same places, drawn as open circles where they are finite.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    spread: np.ndarray
    hue: Literal["one", "two"] = "one"
    rings: np.ndarray | None = None


@dataclass(frozen=True)
class Panel:
    """One small chart from 0 to ``top``; ``title`` and ``subtitle`` stand above it."""

    title: str
    subtitle: str
    lines: Sequence[Line]
    top: float


def chart(panels: Sequence[Panel], words: str, x_words: str) -> str:
    """All panels, three a row, as one SVG that needs nothing beside it; ``words`` say what it shows."""
    rows = -(-len(panels) // ACROSS)
    width, height = PANEL[0] * min(ACROSS, len(panels)), PANEL[1] * rows + 8
    parts = [
        f'<g transform="translate({place % ACROSS * PANEL[0]} {place // ACROSS * PANEL[1]})">{_panel(each, x_words)}</g>'
        for place, each in enumerate(panels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(words)}"><style>{STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _panel(panel: Panel, x_words: str) -> str:
    far = max(float(line.x.max()) for line in panel.lines) or 1.0
    right, bottom = LEFT + PLOT_WIDTH, TOP + PLOT_HEIGHT
    grid = "".join(
        f'<path class="grid" d="M{LEFT} {_y(value, panel.top):.1f}H{right}"/>'
        f'<text class="small" x="{LEFT - 5}" y="{_y(value, panel.top) + 4:.1f}" text-anchor="end">{value:.2g}</text>'
        for value in (0.0, panel.top / 2, panel.top)
    )
    ticks = "".join(
        f'<text class="small" x="{_x(value, far):.1f}" y="{bottom + 15}" text-anchor="middle">{value:g}</text>'
        for value in (0.0, far)
    )
    return (
        f'<text class="title" x="{LEFT}" y="14">{escape(panel.title)}</text>'
        f'<text class="small" x="{LEFT}" y="30">{escape(panel.subtitle)}</text>{grid}{ticks}'
        f'<text class="small" x="{LEFT + PLOT_WIDTH / 2}" y="{bottom + 15}" text-anchor="middle">{escape(x_words)}</text>'
        + "".join(_line(line, far, panel.top) for line in panel.lines)
        + _names(panel)
    )


def _line(line: Line, far: float, top: float) -> str:
    upper = _points(line.x, line.y + line.spread, far, top)
    lower = _points(line.x[::-1], (line.y - line.spread)[::-1], far, top)
    rings = "" if line.rings is None else "".join(
        f'<circle class="ring {line.hue}" cx="{_x(x, far):.1f}" cy="{_y(value, top):.1f}" r="4"/>'
        for x, value in zip(line.x, line.rings, strict=True)
        if np.isfinite(value)
    )  # fmt: skip
    return (
        f'<polygon class="band {line.hue}" points="{upper} {lower}"/>'
        f'<polyline class="path {line.hue}" points="{_points(line.x, line.y, far, top)}"/>{rings}'
    )


def _names(panel: Panel) -> str:
    """Each line's name and last value at its end, moved apart where they would overlap."""
    ends = [
        (line, float(line.y[np.isfinite(line.y)][-1])) for line in panel.lines if np.isfinite(line.y).any()
    ]
    parts, last = [], -np.inf
    for line, value in sorted(ends, key=lambda end: -end[1]):
        last = max(_y(value, panel.top), last + 13)
        name = line.name if len(line.name) <= NAME else f"{line.name[: NAME - 1]}…"
        parts.append(
            f'<text class="{line.hue}" x="{LEFT + PLOT_WIDTH + 6}" y="{last + 4:.1f}">'
            f"{escape(name)} {value:.2f}</text>"
        )
    return "".join(parts)


def _points(x: np.ndarray, y: np.ndarray, far: float, top: float) -> str:
    seen = np.isfinite(y)
    return " ".join(f"{_x(a, far):.1f},{_y(b, top):.1f}" for a, b in zip(x[seen], y[seen], strict=True))


def _x(value: float, far: float) -> float:
    return LEFT + value / far * PLOT_WIDTH


def _y(value: float, top: float) -> float:
    return TOP + PLOT_HEIGHT * (1 - min(max(value / top, 0.0), 1.0))
