"""What the page of a why prints: its maps as little pictures, its tests as bars, its channel's images."""

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from markupsafe import Markup

from convscope.atlas import layout
from convscope.atlas.read import Atlas
from convscope.explorer.addresses import has
from convscope.explorer.charts import percent
from convscope.plain.render import NEGATIVE, POSITIVE, encode
from convscope.plain.share import Share
from convscope.plain.why import Cause, Grid, Trial, Why

OPAQUE = 0.92  # of the strongest cell, so that the picture is never quite hidden


@dataclass(frozen=True)
class Shown:
    """A map as a picture to lay over the photo, one pixel a cell, and the value drawn as full colour."""

    source: str
    scale: float


@dataclass(frozen=True)
class Row:
    """A share and its interval as a bar, or a change of a share on a scale from all lost to all won."""

    label: str
    bar: Markup
    words: str


@dataclass(frozen=True)
class Answer:
    """One image of the suspected channel: its row, how strongly it fires there, what it is, and a remark."""

    row: int
    value: float
    label: str
    remark: str


@dataclass(frozen=True)
class View:
    """All that is drawn for one why."""

    predicted: Shown
    against: Shown
    gradcam: Shown | None
    maps: dict[int, Shown]
    means: dict[int, list[tuple[str, float, float]]]
    bars: dict[str, list[Row]]
    patch: Path | None
    strongest: list[Answer]
    quantiles: list[tuple[float, list[Answer]]]


def view(atlas: Atlas, why: Why) -> View:
    """The pictures, bars and lists of a why; raises BadAtlas where the layer's numbers are damaged."""
    where = why.where
    scale = max(_largest(where.predicted), _largest(where.against))
    photo = why.patch and layout.photo_file(Path(), why.patch[0])
    return View(
        overlay(where.predicted, scale), overlay(where.against, scale),
        None if where.gradcam is None else overlay(where.gradcam),
        {cause.channel: overlay(cause.map) for cause in why.causes},
        {cause.channel: means(atlas, why, cause) for cause in why.causes},
        {trial.name: bars(trial) for trial in why.tests},
        photo if photo and has(atlas, photo) else None,
        strongest(atlas, why), quantiles(atlas, why),
    )  # fmt: skip


def overlay(grid: Grid, scale: float | None = None) -> Shown:
    """Orange above zero, blue below, the stronger the more opaque; symmetric about zero, zero is clear."""
    values = np.array(grid, dtype=np.float64)
    scale = _largest(grid) if scale is None else scale
    unit = np.clip(values / scale, -1, 1) if scale > 0 else np.zeros_like(values)
    colours = np.where(unit[:, :, None] > 0, POSITIVE, NEGATIVE)
    pixels = np.dstack([colours, np.abs(unit) * OPAQUE * 255])
    data = base64.b64encode(encode(np.rint(pixels).astype(np.uint8))).decode()
    return Shown(f"data:image/png;base64,{data}", scale)


def _largest(grid: Grid) -> float:
    return max(abs(value) for row in grid for value in row)


def means(atlas: Atlas, why: Why, cause: Cause) -> list[tuple[str, float, float]]:
    """(class, mean strongest activation, share of the largest) of the two classes and of all others together."""
    peaks = atlas.numbers(why.layer)["class_peak"][cause.channel]
    names = list(atlas.image_classes)
    pair = [_class(atlas, name) for name in (why.predicted, why.against)]
    found = [(names[place], float(peaks[place])) for place in pair if place is not None]
    others = np.delete(peaks, [place for place in pair if place is not None])
    if np.isfinite(others).any():
        found.append(("all others", float(np.nanmean(others))))
    top = max((value for _, value in found if np.isfinite(value)), default=0.0) or 1.0
    return [(name, value, value / top) for name, value in found]


def _class(atlas: Atlas, name: str) -> int | None:
    """The label of the images that names a class of the model."""
    rows = np.flatnonzero(atlas.truth == atlas.classes.index(name))
    return int(atlas.images.labels[rows[0]]) if len(rows) else None


def bars(trial: Trial) -> list[Row]:
    """What was found beside its control, each with its interval."""
    numbers = trial.numbers
    if trial.speaks is None:
        return []
    if trial.name == "ablate":
        change, low, high = (float(numbers[name] or 0) for name in ("change", "low", "high"))
        words = f"{100 * change:+.0f} points".replace("-", "−")
        return [
            Row(
                "accuracy on the class", interval((change + 1) / 2, (low + 1) / 2, (high + 1) / 2, 0.5), words
            )
        ]
    labels = {
        "context": ("all but the thing covered", "the thing covered"),
        "cover": ("there", "elsewhere"),
        "paste": ("its patch", "another patch"),
    }
    there, control = (
        Share(int(numbers[f"{which}count"] or 0), int(numbers[f"{which}total"] or 0))
        for which in ("", "control_")
    )
    return [
        Row(label, interval(share.rate, *share.interval), f"{percent(share.rate)} of {share.total}")
        for label, share in zip(labels.get(trial.name, ("firing", "the rest")), (there, control), strict=True)
    ]


def interval(value: float, low: float, high: float, start: float = 0.0) -> Markup:
    """A bar from ``start`` to ``value`` on a rail from 0 to 1, the interval a line across its end."""
    value, low, high = (100 * float(np.clip(np.nan_to_num(edge), 0, 1)) for edge in (value, low, high))
    first, last = sorted((value, 100 * start))
    return Markup(
        '<svg class="interval" viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rail" y="3" width="100" height="8"/><rect class="fill" x="{}" y="3" width="{}" height="8"/>'
        '<path class="whisker" d="M{} 7H{}M{} 2v10M{} 2v10"/></svg>'
    ).format(*(f"{edge:.1f}" for edge in (first, last - first, low, high, low, high)))


def strongest(atlas: Atlas, why: Why) -> list[Answer]:
    """The images that fire the suspected channel most."""
    numbers, channel = atlas.numbers(why.layer), why.suspect.channel
    rows, values = numbers["image"][channel], numbers["value"][channel]
    alike = numbers["duplicate"][channel]
    return [
        _answer(atlas, int(row), float(value), "near-copy" if twin else "")
        for row, value, twin in zip(rows, values, alike, strict=True)
        if row >= 0
    ]


def quantiles(atlas: Atlas, why: Why) -> list[tuple[float, list[Answer]]]:
    """Images at quantiles of the channel's answers, where the survey has kept some."""
    numbers, channel = atlas.numbers(why.layer), why.suspect.channel
    if "quantile_image" not in numbers:
        return []
    shares = atlas.manifest["survey"].get("quantiles", [])
    rows, values = numbers["quantile_image"][channel], numbers["quantile_value"][channel]
    return [
        (float(share), [_answer(atlas, int(row), float(value)) for row, value in zip(some, fired, strict=True) if row >= 0])
        for share, some, fired in zip(shares, rows, values, strict=False)
    ]  # fmt: skip


def _answer(atlas: Atlas, row: int, value: float, remark: str = "") -> Answer:
    label = int(atlas.images.labels[row])
    known = atlas.image_classes[label] if 0 <= label < len(atlas.image_classes) else "no label"
    return Answer(row, value, known, remark)
