"""A suspicion: that a class is told by one channel; the pictures on which it is put to the test, and how a test is told."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from convscope.model.model import Model
from convscope.plain.share import Share
from convscope.plain.why import Inquiry, Trial
from convscope.studies.contributions import Contributions

AT_ONCE = 32  # pictures in a forward pass
FEWEST = 3  # images below which nothing is said of them
Batch = Callable[[Sequence[int]], Tensor]


@dataclass(frozen=True, eq=False)
class Suspicion:
    """``channel`` of ``layer`` is suspected to make pictures of ``against`` be called ``predicted``.

    ``rows`` are the images looked at, ``batch`` their pixels by row, ``found`` what was measured of them in that
    order, ``truth`` their classes (-1 unknown), ``drawn`` which of them were drawn at random from the whole atlas.
    """

    model: Model
    layer: str
    channel: int
    predicted: int
    against: int
    batch: Batch
    rows: np.ndarray
    drawn: np.ndarray
    truth: np.ndarray
    found: Contributions
    settings: Inquiry

    @property
    def name(self) -> str:
        """The class that is suspected to be given for the wrong reason."""
        return self.model.classes[self.predicted]

    @cached_property
    def called(self) -> np.ndarray:
        """The class given to each image."""
        return self.found.scores.argmax(1)

    @cached_property
    def labelled(self) -> bool:
        return bool((self.truth >= 0).any())

    @cached_property
    def mistakes(self) -> np.ndarray:
        """Which images are of the one class and called the other."""
        return (self.truth == self.against) & (self.called == self.predicted)

    @cached_property
    def peak(self) -> np.ndarray:
        """The channel's strongest activation on each image."""
        return self.found.peak[:, self.channel]

    @property
    def side(self) -> int:
        """Of the squares that are covered or pasted: twice the occlusion's, so that a channel's place need not be exact."""
        return min(2 * size_of(self.model, self.settings), self.model.fit.height, self.model.fit.width)

    def centre(self, place: int) -> tuple[float, float]:
        """The pixel (y, x) in the middle of a cell of the layer, given in row-major order."""
        layer, fit = self.model.layer(self.layer), self.model.fit
        y, x = divmod(int(place), layer.width)
        return (y + 0.5) * fit.height / layer.height, (x + 0.5) * fit.width / layer.width

    def some(self, which: np.ndarray, count: int) -> np.ndarray:
        """At most ``count`` places among the images looked at, drawn by the seed, in order."""
        places = np.flatnonzero(which)
        rng = np.random.default_rng(self.settings.seed)
        return np.sort(rng.permutation(places)[:count])

    def batches(self, places: np.ndarray) -> Iterator[Tensor]:
        """The pixels of images by their places."""
        return batches(self.batch, self.rows[places])

    def calls(self, pictures: Tensor) -> np.ndarray:
        """The class given to each of some pictures ``[N, C, H, W]``."""
        parts = [self.model.scores(part) for part in pictures.split(AT_ONCE)]
        return torch.cat(parts).argmax(1).numpy()

    def lost(self, pictures: Tensor) -> Share:
        """How many of some pictures are not called the class."""
        called = self.calls(pictures)
        return Share(int((called != self.predicted).sum()), len(called))


def batches(batch: Batch, rows: np.ndarray) -> Iterator[Tensor]:
    """The pixels of ``rows``, some at a time."""
    return (batch(rows[start : start + AT_ONCE].tolist()) for start in range(0, len(rows), AT_ONCE))


def size_of(model: Model, settings: Inquiry) -> int:
    """The side of the covered square: as asked, or an eighth of the shorter edge."""
    return (
        max(1, round(min(model.fit.height, model.fit.width) / 8)) if settings.size is None else settings.size
    )


class Telling:
    """Name, title, rule and limits of a test, to which what was found is added."""

    def __init__(self, name: str, title: str, rule: str, not_shown: str):
        self.words = name, title, rule, not_shown

    def trial(self, speaks: bool | None, found: str, numbers: dict[str, float | int | str | None]) -> Trial:
        """The test as it came out."""
        name, title, rule, not_shown = self.words
        return Trial(name, title, None if speaks is None else bool(speaks), found, rule, not_shown, numbers)

    def untested(self, why: str) -> Trial:
        """The test that could not be made."""
        return self.trial(None, why, {})

    def shares(self, speaks: bool, found: str, there: Share, control: Share) -> Trial:
        """The test of a share beside its control."""
        numbers: dict[str, float | int | str | None] = {
            "count": there.count, "total": there.total,
            "control_count": control.count, "control_total": control.total,
        }  # fmt: skip
        return self.trial(speaks, found, numbers)
