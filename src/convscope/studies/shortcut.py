"""Is it a shortcut? Tests of one channel, each a number beside a control, each with its interval."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from convscope.model.filling import filling
from convscope.model.measure import activation_of, measure
from convscope.model.occlusion import Windows, sweep
from convscope.model.silence import scores_without
from convscope.plain.share import Share
from convscope.plain.squares import Square, elsewhere, square_around
from convscope.plain.unit import Unit
from convscope.plain.why import Trial
from convscope.studies.suspicion import FEWEST, Suspicion, Telling, batches, size_of

LOSS = 0.05  # of the class's accuracy, below which silencing the channel is no blow
MOST = 0.8  # of the pictures, that a patch must turn
RESAMPLES = 1000
Patch = tuple[int, Square]  # row of the image it is cut from, and where


def cover(suspicion: Suspicion) -> Trial:
    """Cover what the channel looks at, in pictures given the class, and a square of the same size elsewhere."""
    told = Telling(
        "cover", "Cover what it looks at",
        "Speaks for a shortcut where covering one small square (of nine around the channel’s strongest cell the one that "
        "silences it most) takes the class away more often than covering another "
        "(the 95 % intervals lie apart).",
        "It does not show what lies under the square: the thing itself may be as small.",
    )  # fmt: skip
    places = suspicion.some(suspicion.called == suspicion.predicted, suspicion.settings.covered)
    if len(places) < FEWEST:
        return told.untested(f"only {len(places)} images of the sample are called {suspicion.name}")
    rng = np.random.default_rng(suspicion.settings.seed)
    fit = suspicion.model.fit
    pictures = torch.cat(list(suspicion.batches(places)))
    strongest = suspicion.found.place[places, suspicion.channel]
    squares = [_square(suspicion, *pair) for pair in zip(pictures, strongest, strict=True)]
    others = [elsewhere(rng, suspicion.side, fit.height, fit.width, square) for square in squares]
    there, control = (suspicion.lost(_covered(suspicion, pictures, chosen)) for chosen in (squares, others))
    found = (
        f"{there} stop being called {suspicion.name} with {suspicion.side} × {suspicion.side} pixels covered where "
        f"the channel is strongest; with as many covered elsewhere {control}"
    )
    return told.shares(there.above(control), found, there, control)


def _square(suspicion: Suspicion, picture: Tensor, strongest: int) -> Square:
    """The square that silences the channel most, of nine around its strongest cell: a cell is coarser than a thing."""
    fit, size = suspicion.model.fit, size_of(suspicion.model, suspicion.settings)
    y, x = suspicion.centre(strongest)
    squares = [
        square_around((y + down * size, x + right * size), suspicion.side, fit.height, fit.width)
        for down in (0, -1, 1) for right in (0, -1, 1)
    ]  # fmt: skip
    covered = _covered(suspicion, picture.expand(len(squares), *picture.shape), squares)
    read = {suspicion.layer: activation_of(Unit(suspicion.layer, suspicion.channel))}
    left = measure(suspicion.model, [covered], read)[suspicion.layer]
    return squares[int(left.argmin())]


def _covered(suspicion: Suspicion, pictures: Tensor, squares: list[Square]) -> Tensor:
    covered = pictures.clone()
    for picture, (left, top, right, bottom) in zip(covered, squares, strict=True):
        fill = filling(suspicion.model, picture, suspicion.settings.fill)
        picture[:, top:bottom, left:right] = fill[:, top:bottom, left:right]
    return covered


def ablate(suspicion: Suspicion) -> Trial:
    """Hold the channel at zero over the images and count again who is named right."""
    told = Telling(
        "ablate", "Silence the channel",
        f"Speaks for a shortcut where the class loses more than {LOSS:.0%} of its own images and the interval (bootstrap "
        f"over images, {RESAMPLES} draws, 95 %) excludes less.",
        "It does not show that the channel is wrong to be used: a channel for the thing itself is missed as much.",
    )  # fmt: skip
    if not suspicion.labelled:
        return told.untested("the images have no labels")
    known = np.flatnonzero(suspicion.truth >= 0)
    silent = scores_without(
        suspicion.model, suspicion.batches(known), suspicion.layer, [suspicion.channel]
    ).argmax(1).numpy()  # fmt: skip
    truth, before = suspicion.truth[known], suspicion.called[known]
    change = (silent == truth).astype(float) - (before == truth)
    own, other = change[truth == suspicion.predicted], change[truth == suspicion.against]
    if len(own) < FEWEST:
        return told.untested(f"only {len(own)} images of the sample are {suspicion.name}")
    low, high = _bootstrap(own, suspicion.settings.seed)
    wrong = suspicion.mistakes[known]
    mended = Share(int((silent != suspicion.predicted)[wrong].sum()), int(wrong.sum()))
    drawn = suspicion.drawn[known]
    found = (
        f"with the channel at zero the accuracy on {suspicion.name} changes by {_points(own.mean())} percentage points "
        f"(95 % interval {_points(low)} to {_points(high)}, {len(own)} images), on "
        f"{suspicion.model.classes[suspicion.against]} by {_points(_mean(other))} ({len(other)}), on all "
        f"by {_points(_mean(change[drawn]))} ({int(drawn.sum())}); {mended} of the mistakes are no "
        f"longer called {suspicion.name}"
    )
    numbers = {
        "change": float(own.mean()), "low": low, "high": high, "images": len(own), "against": _mean(other),
        "all": _mean(change[drawn]), "mended": mended.count, "mistakes": mended.total,
    }  # fmt: skip
    return told.trial(high < -LOSS, found, numbers)


def paste(suspicion: Suspicion, patch: Patch | None) -> Trial:
    """Paste the channel's patch onto pictures of other classes; beside it, squares of other pictures of the class."""
    told = Telling(
        "paste", "Paste its patch",
        f"Speaks for a shortcut where the patch turns at least {MOST:.0%} of the pictures, and more of them than squares from "
        "other places of pictures of the class do (the 95 % intervals lie apart).",
        "It does not show that the patch is no part of the thing: a network that knows a zebra by its stripes passes too. "
        "Look at the patch.",
    )  # fmt: skip
    of_class = (suspicion.truth if suspicion.labelled else suspicion.called) == suspicion.predicted
    others = ~of_class & (suspicion.called != suspicion.predicted) & suspicion.drawn
    targets = suspicion.some(others, suspicion.settings.pasted)
    sources = suspicion.some(of_class, suspicion.settings.pasted)
    if patch is None or len(targets) < FEWEST or len(sources) < FEWEST:
        why = f"{len(targets)} images of other classes, {len(sources)} of {suspicion.name}"
        return told.untested("the channel has no patch" if patch is None else f"too few images: {why}")
    row, (left, top, right, bottom) = patch
    pictures = torch.cat(list(suspicion.batches(targets)))
    with_patch = pictures.clone()
    with_patch[:, :, top:bottom, left:right] = suspicion.batch([row])[0, :, top:bottom, left:right]
    turned = _made(suspicion, with_patch)
    control = _made(suspicion, _with_control(suspicion, pictures, sources, patch[1]))
    found = (
        f"{turned} of other classes become {suspicion.name} with the {right - left} × {bottom - top} patch pasted where "
        f"it was; with as large a square of a random picture of {suspicion.name}, from another place, {control}"
    )
    return told.shares(turned.rate >= MOST and turned.above(control), found, turned, control)


def _made(suspicion: Suspicion, pictures: Tensor) -> Share:
    left = suspicion.lost(pictures)
    return Share(left.total - left.count, left.total)


def _with_control(
    suspicion: Suspicion, pictures: Tensor, sources: np.ndarray, avoid: Square
) -> Tensor:  # fmt: skip
    """Each picture with a square of a picture of the class in its own place, drawn at random, clear of ``avoid``."""
    rng = np.random.default_rng(suspicion.settings.seed + 1)
    changed, fit = pictures.clone(), suspicion.model.fit
    chosen = rng.choice(sources, len(pictures))
    given = torch.cat(list(suspicion.batches(chosen)))
    for picture, source in zip(changed, given, strict=True):
        left, top, right, bottom = elsewhere(rng, suspicion.side, fit.height, fit.width, avoid)
        picture[:, top:bottom, left:right] = source[:, top:bottom, left:right]
    return changed


def strongest_patch(suspicion: Suspicion, row: int) -> Patch:
    """The square of a picture without which the channel falls most, found by covering one place after another."""
    model, fit = suspicion.model, suspicion.model.fit
    (pixels,) = next(batches(suspicion.batch, np.array([row])))
    size = size_of(model, suspicion.settings)
    windows = Windows(size, max(1, size // 2), fit.height, fit.width)
    read = {suspicion.layer: activation_of(Unit(suspicion.layer, suspicion.channel))}
    swept = sweep(model, pixels, filling(model, pixels, suspicion.settings.fill), windows, read)
    clean = measure(model, [pixels[None]], read)[suspicion.layer]
    falls = (clean - swept[suspicion.layer]).flatten()
    top, left = windows.places[int(falls.argmax())]
    centre = top + size / 2, left + size / 2
    return row, square_around(centre, suspicion.side, fit.height, fit.width)


def counter(suspicion: Suspicion) -> Trial:
    """Pictures that are not of the class and fire the channel as strongly: what are they called?"""
    told = Telling(
        "counter", "Pictures without it",
        "Speaks for a shortcut where pictures of other classes that fire the channel as strongly as the class's own are "
        "called it more often than the rest (the 95 % intervals lie apart).",
        "It does not show what the channel saw in them: open them and look.",
    )  # fmt: skip
    own = suspicion.peak[suspicion.truth == suspicion.predicted]
    if not suspicion.labelled or len(own) < FEWEST:
        return told.untested(f"only {len(own)} images of the sample are known to be {suspicion.name}")
    others = (suspicion.truth >= 0) & (suspicion.truth != suspicion.predicted)
    strong = others & (suspicion.peak >= np.median(own)) & (suspicion.peak > 0)
    called = suspicion.called == suspicion.predicted
    firing = Share(int((called & strong).sum()), int(strong.sum()))
    rest = Share(int((called & others & ~strong).sum()), int((others & ~strong).sum()))
    if firing.total < FEWEST:
        return told.untested(
            f"{firing.total} of {int(others.sum())} images of other classes fire it as strongly as the median picture of "
            f"{suspicion.name}: in these images the channel and the class cannot be told apart"
        )
    found = (
        f"{firing.total} of {int(others.sum())} images of other classes fire it as strongly as the median picture of "
        f"{suspicion.name}; of these {firing} are called so, of the rest {rest}"
    )
    return told.shares(firing.above(rest), found, firing, rest)


def _bootstrap(values: np.ndarray, seed: int) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the mean over resampled images."""
    rng = np.random.default_rng(seed)
    means = rng.choice(values, (RESAMPLES, len(values))).mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def _points(share: float | None) -> str:
    if share is None:
        return "an unknown number"
    return f"{100 * share:+.1f}".replace("-", "−")


def tests(suspicion: Suspicion, patch: Patch | None) -> Iterator[Trial]:
    """All that need no boxes, in the order of the page; without a patch nothing is pasted."""
    yield cover(suspicion)
    yield ablate(suspicion)
    yield paste(suspicion, patch)
    yield counter(suspicion)
