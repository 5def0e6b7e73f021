"""How far to trust the probabilities, drawn: how sure against how often right, before and after the temperature."""

from typing import Any

from convscope.plain.page import table
from convscope.plain.svg import element, words

SIDE, LEFT, TOP, BELOW, ROW = 190, 40, 42, 34, 26
FEW = 10  # images: the bar of a bin with fewer is pale
STYLE = """
.trust { display: flex; flex-wrap: wrap; gap: 16px } .trust svg { font: 12px system-ui, sans-serif; fill: var(--ink) }
.trust .axis { stroke: var(--line); fill: none } .trust .even { stroke: var(--muted); stroke-dasharray: 4 4 }
.trust .muted { fill: var(--muted) } .trust .bar { fill: var(--one) } .trust .modest { fill: var(--one); opacity: .4 }
.trust .sure { fill: var(--two); opacity: .5 } .trust .few { opacity: .35 }
.trust .count { fill: var(--muted); opacity: .5 } .trust .title { font-weight: 600; font-size: 13px }
"""


def trust(measured: dict[str, Any], words_of_split: str) -> str:
    """Two reliability diagrams (Guo et al. 2017, figure 1) and the numbers they amount to."""
    about = measured["calibration"]
    panels = [("as trained", "_before")]
    if about["temperature"] != 1:
        panels.append((f"with the temperature {about['temperature']:.2f}", ""))
    charts = "".join(diagram(title, about[f"reliability{stage}"]) for title, stage in panels)
    rows = [
        (title, f"{about[f'ece{stage}']:.1%}", f"{about[f'nll{stage}']:.3f}")
        for title, stage in panels
    ]  # fmt: skip
    head = (words_of_split, "calibration error (ECE)", "log loss (NLL)")
    return f'<div class="trust">{charts}</div>{table(head, rows)}'


def diagram(title: str, bins: list[dict[str, Any]]) -> str:
    """One reliability diagram: bars of accuracy by confidence, their distance from how sure they were, and counts."""
    total, bottom = max(row["images"] for row in bins) or 1, TOP + SIDE
    full = [row for row in bins if row["images"]]
    said = "; ".join(
        f"{row['images']} images {row['confidence']:.0%} sure, {row['accuracy']:.0%} right" for row in full
    )
    marks = "".join(_bar(row) + _count(row, total) for row in full)
    ticks = "".join(
        words(f"{share:.0%}", LEFT - 6, bottom - share * SIDE + 4, "muted", "end")
        + words(f"{share:.0%}", LEFT + share * SIDE, bottom + ROW + 16, "muted", "middle")
        for share in (0, 0.5, 1)
    )
    frame = element("rect", x=LEFT, y=TOP, width=SIDE, height=SIDE, class_="axis")
    even = element("line", x1=LEFT, y1=bottom, x2=LEFT + SIDE, y2=TOP, class_="even")
    names = (
        words(title, LEFT, 14, "title")
        + words("how sure (grey: how many images)", LEFT + SIDE / 2, bottom + ROW + BELOW, "muted", "middle")
        + words("how often right", LEFT, 30, "muted")
    )
    width, height = LEFT + SIDE + 24, bottom + ROW + BELOW + 8
    return element(
        "svg", marks, frame, even, ticks, names,
        viewBox=f"0 0 {width} {height}", width=width, height=height, role="img", aria_label=f"{title}: {said}",
    )  # fmt: skip


def _bar(row: dict[str, Any]) -> str:
    """How often right, and the distance from how sure, as one column."""
    low, high = sorted((row["accuracy"], row["confidence"]))
    kind = "modest" if row["accuracy"] > row["confidence"] else "sure"
    parts = _column(row, 0, low, "bar") + _column(row, low, high, kind)
    return element("g", parts, class_="few" if row["images"] < FEW else None)


def _column(row: dict[str, Any], low: float, high: float, kind: str) -> str:
    x, width = LEFT + row["from"] * SIDE, (row["to"] - row["from"]) * SIDE - 1
    return element(
        "rect", x=x, y=TOP + SIDE * (1 - high), width=width, height=(high - low) * SIDE, class_=kind
    )


def _count(row: dict[str, Any], largest: int) -> str:
    height = max(row["images"] / largest * (ROW - 6), 1)
    x, width = LEFT + row["from"] * SIDE, (row["to"] - row["from"]) * SIDE - 1
    return element("rect", x=x, y=TOP + SIDE + 4, width=width, height=height, class_="count")
