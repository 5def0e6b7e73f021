"""What is measured to find out why: where, which channels, and the tests; from one picture to a ``Why``."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from convscope.ask.boxed import Boxed
from convscope.ask.misread import misread, verdict
from convscope.atlas.read import Atlas
from convscope.errors import Unanswerable
from convscope.model.last import last_maps
from convscope.model.measure import outputs
from convscope.model.model import Model
from convscope.model.silence import scores_without
from convscope.plain.share import Share
from convscope.plain.why import Cause, Grid, Inquiry, Where, Why, judge
from convscope.studies.context import Boxable, context
from convscope.studies.contributions import Contributions, contributions
from convscope.studies.occlusion import occlusion_sweep
from convscope.studies.shortcut import Patch, strongest_patch, tests
from convscope.studies.suspicion import Suspicion, batches, size_of
from convscope.survey.pixels import Pixels
from convscope.survey.progress import Progress

FIRST = 5  # channels that count as having decided
EXACT = 1e-4  # of the gap's terms: within what float32 adds up
DIGITS = 5  # significant, of a grid


class Subject(NamedTuple):
    """One picture: its row (None outside the atlas), what the network reads ``[C, H, W]``, its ``shares``, the
    probability of every class, and its classes.
    """

    row: int | None
    id: str
    pixels: Tensor
    shares: Tensor
    truth: str | None
    predicted: int
    against: int


def investigate(
    model: Model, atlas: Atlas, pixels: Pixels, subject: Subject, boxed: Boxed, settings: Inquiry,
    tell: Callable[[Progress], None],
) -> Why:  # fmt: skip
    """Everything about one picture, asked of the model and of the images of the atlas; raises Unanswerable."""
    layer = last_maps(model).name
    if layer not in atlas.layers:
        raise Unanswerable(
            f"{atlas.path} was surveyed without {layer}, whose channels decide: survey it with --layers {layer}"
        )
    pair = subject.predicted, subject.against
    tell(Progress("covering", 0, 1, "picture"))
    where = _where(model, subject, layer, settings)
    own = contributions(model, [subject.pixels[None]], layer, *pair)
    rows, drawn = _rows(atlas, *pair, settings, list(boxed.masks))
    tell(Progress("channels", 0, len(rows), "images"))
    found = contributions(model, batches(pixels.batch, rows), layer, *pair)
    chosen = np.argsort(-own.parts[0], kind="stable")[: settings.channels]
    suspicion = Suspicion(
        model, layer, int(chosen[0]), *pair, pixels.batch, rows, drawn, atlas.truth[rows], found, settings
    )
    causes, check = _causes(suspicion, subject, own, chosen)
    tell(Progress("tests", 0, 5, "tests"))
    patch = _patch(atlas, suspicion)
    own_thing = None if boxed.own is None else Boxable(subject.pixels, boxed.own)
    trials = (context(suspicion, boxed.masks, own_thing), *tests(suspicion, patch))
    return Why(
        subject.id, subject.row, subject.truth, model.classes[pair[0]], model.classes[pair[1]], pair[1], model.id,
        layer, verdict(model.classes, atlas, subject.row, subject.shares, *pair), where, causes, own.parts.shape[1],
        **check, tests=trials, patch=patch, verdict=judge(trials), settings=asdict(settings),
    )  # fmt: skip


def _rows(
    atlas: Atlas, predicted: int, against: int, settings: Inquiry, boxed: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to look at, and which of them were drawn at random: the others are of the two classes, called so or boxed."""
    rng = np.random.default_rng(settings.seed)
    drawn = rng.permutation(len(atlas.images))[: settings.sample]
    groups = (
        misread(atlas, predicted, against),
        atlas.images.predicted == predicted,
        atlas.truth == predicted,
    )
    groups = (*groups, atlas.truth == against)
    more = [rng.permutation(np.flatnonzero(group))[: settings.covered] for group in groups]
    rows = np.unique(np.concatenate([drawn, *more, np.array(boxed, dtype=np.int64)]))
    return rows, np.isin(rows, drawn)


def _where(model: Model, subject: Subject, layer: str, settings: Inquiry) -> Where:
    from convscope.lenses.gradcam import GradCAM
    from convscope.lenses.occlusion import spread

    size = size_of(model, settings)
    step = max(1, size // 2)
    swept = occlusion_sweep(model, subject.pixels, [], size=size, stride=step, fill=settings.fill)
    pair = [subject.predicted, subject.against]
    before = swept.clean.probability[pair]
    falls = before - swept.probability[..., pair]
    lowest = swept.probability[..., pair[0]].ravel()
    top, left = swept.windows.places[int(lowest.argmin())]
    predicted, other = (_grid(_cells(spread(falls[..., place], swept.windows), step)) for place in (0, 1))
    seen = GradCAM(layer=layer).grid(model, model.unit_of_class(model.classes[pair[0]]), subject.pixels)
    return Where(
        size, step, str(settings.fill), (float(before[0]), float(before[1])), predicted, other,
        (left, top, left + size, top + size), float(lowest.min()), _grid(seen),
    )  # fmt: skip


def _cells(values: np.ndarray, step: int) -> np.ndarray:
    """A map whose every ``step`` pixels are alike, one number each."""
    return values[::step, ::step]


def _grid(values: np.ndarray) -> Grid:
    """A map as plain numbers, of as many digits as can be seen."""
    return tuple(tuple(float(f"{value:.{DIGITS}g}") for value in row) for row in values)


def _causes(
    suspicion: Suspicion, subject: Subject, own: Contributions, chosen: np.ndarray
) -> tuple[tuple[Cause, ...], Mapping[str, Any]]:
    """The channels that speak most for the answer, and how the sum of all parts compares with the gap."""
    model, layer, pair = suspicion.model, suspicion.layer, (suspicion.predicted, suspicion.against)
    batch = subject.pixels[None]
    maps = outputs(model, batch, [layer])[layer][0]
    gap, parts = float(own.gap[0]), own.parts[0]

    def fall(channels: Any) -> float:
        left = scores_without(model, [batch], layer, channels)[0]
        return gap - float(left[pair[0]] - left[pair[1]])

    silenced = [fall([int(channel)]) for channel in chosen]
    off = [abs(one - parts[channel]) for one, channel in zip(silenced, chosen, strict=True)]
    deviation = max([*off, abs(fall(slice(None)) - parts.sum())])
    order = np.argsort(-suspicion.found.parts, axis=1, kind="stable")[:, :FIRST]
    # what adds nothing, or speaks against, has not decided even where few channels speak at all
    first = np.where(np.take_along_axis(suspicion.found.parts, order, axis=1) > 0, order, -1)
    causes = tuple(
        Cause(
            int(channel), float(parts[channel]), one, _grid(maps[channel]),
            _among(first[suspicion.mistakes], channel), _among(first[suspicion.drawn], channel),
        )
        for channel, one in zip(chosen, silenced, strict=True)
    )  # fmt: skip
    scale = max(1.0, float(np.abs(parts).sum()))
    total = float(parts.sum())
    check = {
        "gap": gap, "parts": total, "rest": gap - total, "exact": bool(deviation <= EXACT * scale),
        "deviation": float(deviation),
    }  # fmt: skip
    return causes, check


def _among(first: np.ndarray, channel: int) -> Share:
    return Share(int((first == channel).any(axis=1).sum()), len(first))


def _patch(atlas: Atlas, suspicion: Suspicion) -> Patch | None:
    """The channel's strongest patch in the atlas; None where the channel is dead."""
    winners = atlas.winners(suspicion.layer)
    row, value = (winners[name][suspicion.channel, 0] for name in ("image", "value"))
    return strongest_patch(suspicion, int(row)) if row >= 0 and value > 0 else None
