"""The page of a shift study: finding, chart, numbers."""

from collections.abc import Iterator

import numpy as np

from convscope.plain.chart import Line, Panel, chart
from convscope.plain.page import document, figure, heading, paragraph, picture, scroll, table
from convscope.plain.shift_finding import DIRECTIONS
from convscope.plain.shifts import LayerChange, Shifts, mean, spread

HOW = (
    "Relative change is the Euclidean distance between a layer's output for the shifted and for the unshifted "
    "picture, divided by the norm of the latter (after Zeiler & Fergus 2014, figure 5). Lines are means over "
    "pictures, bands one standard deviation to each side."
)
ALIGNED = (
    "A map that merely moves with its picture is not a map that changes, but counts as one here. Circles are the "
    "change that is left once the map has been moved back, on the positions that both maps have, wherever the "
    "shift is a whole number of the layer's stride. Below such a layer convolution, pooling and pointwise steps "
    "only move, so what is left comes in over the border: the fill and the zeros of padding."
)


def shift_chart(shifts: Shifts) -> str:
    """One panel a layer, two lines where there is a twin; the last panel is the class's probability."""
    x = np.array(shifts.settings.steps, dtype=float)
    panels = [_layer_panel(shifts, x, pair) for pair in shifts.pairs]
    answers = [
        _line(each.model, x, each.probability, hue)
        for each, hue in ((shifts.model, "one"), (shifts.twin, "two"))
        if each is not None
    ]
    panels.append(Panel("probability", "of the class named without shift", answers, 1.0))
    return chart(panels, shifts.finding, "shift in pixels")


def shift_page(shifts: Shifts) -> str:
    """The whole page as HTML; its numbers are those of ``shift.json``."""
    steps = [str(step) for step in shifts.settings.steps]
    parts = [
        paragraph(shifts.finding, "lead"),
        *([paragraph(shifts.details)] if shifts.details else []),
        *(paragraph(f"Note: {note}") for note in shifts.notes),
        paragraph(_conditions(shifts), "muted"),
        *_example(shifts),
        scroll(shift_chart(shifts)),
        paragraph(HOW),
        paragraph(ALIGNED),
        heading("Relative change, mean ± standard deviation"),
        table(["layer", "model", *steps], _rows(shifts, "change")),
        heading("Aligned change"),
        table(["layer", "model", *steps], _rows(shifts, "aligned")),
        heading("The answer"),
        table(["", "model", *steps], _answers(shifts)),
    ]
    return document(f"{shifts.model.model} under shifted pictures", parts)


def _conditions(shifts: Shifts) -> str:
    settings = shifts.settings
    both = [each for each in (shifts.model, shifts.twin) if each is not None]
    sizes = " and ".join(f"{each.model} has {each.parameters:,} parameters" for each in both)
    return (
        f"{len(shifts.ids):,} of {shifts.of:,} pictures of {'x'.join(map(str, shifts.size))} pixels, moved "
        f"{DIRECTIONS[settings.axis]}; border: {settings.border}; {sizes}."
    )


def example_strip(shifts: Shifts) -> np.ndarray | None:
    """The first picture under every shift, side by side on white, uint8 ``[h, w, c]``; None where it has no pixels."""
    if shifts.example is None:
        return None
    gap = ((0, 0), (0, 0), (0, max(1, shifts.size[1] // 16)), (0, 0))
    return np.concatenate(list(np.pad(shifts.example, gap, constant_values=255)), axis=1)


def _example(shifts: Shifts) -> Iterator[str]:
    strip = example_strip(shifts)
    if strip is not None:
        words = f"{shifts.ids[0]} moved by {', '.join(map(str, shifts.settings.steps))} pixels"
        yield figure("input", words, picture("shifted.png", words, strip.shape[1], strip.shape[0], "strip"))


def _layer_panel(shifts: Shifts, x: np.ndarray, pair: tuple[LayerChange, LayerChange | None]) -> Panel:
    mine, theirs = pair
    lines = [_line(shifts.model.model, x, mine.change, "one", mine.aligned)]
    title = mine.name
    if theirs is not None and shifts.twin is not None:
        lines.append(_line(shifts.twin.model, x, theirs.change, "two", theirs.aligned))
        title += f" | {theirs.name}" if theirs.name != mine.name else ""
    stride = f", stride {mine.stride[0]}" if mine.stride and len(mine.shape) == 3 else ""
    return Panel(title, f"relative change, {'x'.join(map(str, mine.shape))}{stride}", lines, _top(shifts))


def _line(name: str, x: np.ndarray, values: np.ndarray, hue: str, aligned: np.ndarray | None = None) -> Line:
    rings = None if aligned is None else mean(aligned)
    return Line(name, x, mean(values), spread(values), "two" if hue == "two" else "one", rings)


def _top(shifts: Shifts) -> float:
    """One scale for all layers: the highest mean and its band, rounded up to a quarter."""
    changes = [layer.change for pair in shifts.pairs for layer in pair if layer is not None]
    highest = max(float(np.nanmax(mean(change) + spread(change), initial=0.0)) for change in changes)
    return max(0.25, np.ceil(highest * 4) / 4)


def _rows(shifts: Shifts, kind: str) -> Iterator[list[str]]:
    """One row a layer and network, those of a pair below each other."""
    for pair in shifts.pairs:
        for layer, reaction in zip(pair, (shifts.model, shifts.twin), strict=True):
            if layer is None or reaction is None:
                continue
            values = getattr(layer, kind)
            if np.isfinite(values).any():
                yield [layer.name, reaction.model, *map(_cell, mean(values), spread(values))]


def _answers(shifts: Shifts) -> Iterator[list[str]]:
    for reaction in filter(None, (shifts.model, shifts.twin)):
        yield [
            "probability",
            reaction.model,
            *map(_cell, mean(reaction.probability), spread(reaction.probability)),
        ]
        yield ["class stays", reaction.model, *(f"{share:.1%}" for share in reaction.kept.mean(axis=0))]


def _cell(value: float, deviation: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.2f} ± {deviation:.2f}" if deviation else f"{value:.2f}"  # one picture does not deviate
