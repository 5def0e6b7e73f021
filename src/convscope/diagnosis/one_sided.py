"""Channels that answer to one class, and such as answer at one place: candidates for a shortcut."""

from collections.abc import Iterator, Mapping

import numpy as np

from convscope.atlas.preference import preference
from convscope.atlas.read import Atlas
from convscope.diagnosis.answering import hidden_layers
from convscope.diagnosis.symptoms import Case, Symptom
from convscope.plain.share import Share, percent

ONE_CLASS = 0.8  # the class's mean is nine times that of the others
LEANING = 0.5  # three times
FEWEST = 6  # winners above zero, near-copies left out, from which a place is a place
SMALLEST = 4  # cells along an edge of a map that has places
PATCH, RING = 1 / 4, 1 / 8  # of an edge: the one place; and the border
RING_AREA = 1 - (1 - 2 * RING) ** 2


def one_class(atlas: Atlas) -> Iterator[Symptom]:
    """Hidden layers with channels that hardly answer to any class but one."""
    for layer in hidden_layers(atlas):
        prefers = preference(atlas, layer.name)
        index = np.nan_to_num(prefers["index"])
        known = (atlas.numbers(layer.name)["value"] > 0).all(
            axis=1
        )  # of fewer winners one class is no wonder
        found = np.flatnonzero((index >= ONE_CLASS) & known)
        if not len(found):
            continue
        yield Symptom(
            "one-class", layer.name, "to know", Share(len(found), layer.channels),
            "class selectivity: the best class’s mean strongest activation against that of the others, (b − r) / (b + r), "
            "with its 95 % interval (Morcos et al. 2018)",
            f"{ONE_CLASS} or more, nine times the mean of the other classes; and all winners above zero",
            "that such a channel matters: selective channels are often no more needed than others.",
            "open the class, and silence the channel (convscope why RUN ROW)",
            tuple(
                Case(
                    int(one), float(index[one]),
                    f"{atlas.image_classes[prefers['best'][one]]} {_between(prefers, int(one))}",
                )
                for one in found[np.argsort(-index[found], kind="stable")]
            ),
        )  # fmt: skip


def _between(prefers: Mapping[str, np.ndarray], channel: int) -> str:
    index, low, high = (float(prefers[name][channel]) for name in ("index", "low", "high"))
    return f"{index:.2f}" + (f" ({low:.2f} to {high:.2f})" if low == low else "")


def shortcut(atlas: Atlas) -> Iterator[Symptom]:
    """Channels that a why has called a shortcut; then those of one class whose winners all lie at one odd place."""
    yield from _tested(atlas)
    for layer in hidden_layers(atlas):
        if min(layer.shape[1:]) < SMALLEST:
            continue
        prefers = preference(atlas, layer.name)
        leaning = np.flatnonzero(np.nan_to_num(prefers["index"]) >= LEANING).tolist()
        cases = [case for one in leaning if (case := _placed(atlas, layer.name, one, prefers))]
        if cases:
            yield Symptom(
                "shortcut", layer.name, "worth a look", Share(len(cases), layer.channels),
                f"where in the map the winners of channels that lean to one class lie (of {len(leaning)} such channels); by "
                f"chance {percent(PATCH**2)} of places lie in a patch, {percent(RING_AREA)} at the border",
                f"class selectivity of {LEANING} or more, and all of at least {FEWEST} winners within one patch of a quarter "
                f"of the edges away from the middle, or all within an eighth of the edge from the border",
                "that it is a shortcut: things have places too (sky is above), and padding makes borders of its own.",
                "ask why of an image of the class (convscope why RUN ROW): it covers, silences and pastes",
                tuple(cases),
            )  # fmt: skip


def _tested(atlas: Atlas) -> Iterator[Symptom]:
    for row, against in atlas.whys():
        why = atlas.why(row, against)
        if why is None or why.verdict != "supported":
            continue
        paste = why.test("paste").numbers
        turned = Share(int(paste["count"] or 0), int(paste["total"] or 0))
        yield Symptom(
            "shortcut", why.layer, "look first", Share(1, atlas.layers[why.layer].channels),
            f"the tests of why {why.image} is called {why.predicted} and not {why.against}: its patch pasted turns {turned}",
            "the verdict “supported”, whose rule stands on that page",
            "whether the patch is a part of the thing itself: look at it.",
            "read the page of that why; train again without the patch, and ask again",
            (Case(why.suspect.channel, turned.rate, f"{why.predicted}, not {why.against}"),), ((row, against),),
        )  # fmt: skip


def _placed(atlas: Atlas, layer: str, channel: int, prefers: Mapping[str, np.ndarray]) -> Case | None:
    """The channel where all its winners lie at one place that is not the middle."""
    numbers = atlas.numbers(layer)
    shape = atlas.layers[layer].shape[1:]
    good = (numbers["value"][channel] > 0) & (numbers["duplicate"][channel] == 0)
    if good.sum() < FEWEST:
        return None
    places = [numbers[axis][channel][good] for axis in ("y", "x")]
    where = _place(places, shape)
    if where is None:
        return None
    count = Share(int(good.sum()), int(good.sum()))
    name = atlas.image_classes[int(prefers["best"][channel])]
    return Case(
        channel, float(prefers["index"][channel]), f"{name} {_between(prefers, channel)}, {count} {where}"
    )


def _place(places: list[np.ndarray], shape: tuple[int, ...]) -> str | None:
    """Where all places (rows, columns) of a map lie, in words; None where that is nowhere in particular.

    >>> _place([np.array([0, 1]), np.array([14, 15])], (16, 16)), _place([np.array([7]), np.array([8])], (16, 16))
    ('at the top right', None)
    """
    spans = [(int(line.min()), int(line.max()) + 1) for line in places]
    together = all(high - low <= max(1, PATCH * n) for (low, high), n in zip(spans, shape, strict=True))
    names = [
        _third((low + high) / 2 / n, words)
        for (low, high), n, words in zip(
            spans, shape, (("top", "bottom"), ("left", "right")), strict=True
        )
    ]  # fmt: skip
    if together and any(names):
        return f"at the {' '.join(filter(None, names))}"
    ring = [max(1, RING * n) for n in shape]
    outside = [(line < edge) | (line >= n - edge) for line, edge, n in zip(places, ring, shape, strict=True)]
    return "at the border" if (outside[0] | outside[1]).all() else None


def _third(share: float, words: tuple[str, str]) -> str:
    return words[0] if share < 1 / 3 else words[1] if share > 2 / 3 else ""
