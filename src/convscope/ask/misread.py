"""What the atlas knows of an answer: how sure it was among all, and who else was misread the same way."""

from typing import Any

import numpy as np

from convscope.atlas.read import Atlas
from convscope.plain.share import Share
from convscope.plain.why import Guess, Verdict

SHOWN = 24  # of the images misread in the same way
LIKELIEST = 5


def misread(atlas: Atlas, predicted: int, against: int) -> np.ndarray:
    """Which rows are of the class ``against`` and were called ``predicted``."""
    return (atlas.truth == against) & (atlas.images.predicted == predicted)


def verdict(
    classes: tuple[str, ...], atlas: Atlas, row: int | None, shares: Any, predicted: int, against: int
) -> Verdict:
    """The likeliest classes by their probabilities ``shares``, beside all images of the atlas and those misread alike."""
    best = shares.sort(descending=True, stable=True).indices[:LIKELIEST].tolist()
    top = tuple(Guess(classes[place], float(shares[place])) for place in best)
    # the atlas keeps six digits, by which a picture could be surer than itself
    own = top[0].probability if row is None else atlas.images.probability[row]
    surer = int((atlas.images.probability > own).sum())
    same = np.flatnonzero(misread(atlas, predicted, against))
    return Verdict(
        top, top[0].probability - top[1].probability, Share(surer, len(atlas.images)),
        Share(len(same), int((atlas.truth == against).sum())), tuple(same[:SHOWN].tolist()),
    )  # fmt: skip
