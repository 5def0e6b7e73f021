"""What may be amiss with a network, as plain data: evidence, never a reason."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from convscope.plain.share import Share

Gravity = Literal["look first", "worth a look", "to know"]
GRAVITIES: tuple[Gravity, ...] = ("look first", "worth a look", "to know")
# in the order of rank within one gravity
KINDS = {
    "shortcut": "Shortcut candidates",
    "dead": "Dead channels",
    "aliasing": "Aliasing in a first layer",
    "high-frequency": "First-layer filters like noise",
    "duplicate": "Duplicate channels",
    "always-on": "Always-on channels",
    "one-class": "Channels of one class",
    "near-duplicate": "Near-duplicate winners",
    "undersampled": "Undersampled channels",
}


@dataclass(frozen=True)
class Case:
    """One channel that a symptom shows in, or a pair of them; ``words`` say its number."""

    channel: int
    value: float
    words: str
    other: int | None = None


@dataclass(frozen=True)
class Symptom:
    """One kind of thing that may be amiss in one layer.

    ``share`` counts the channels of the layer that pass the ``threshold``; it is of all of them, so it has no
    interval: rates that were estimated carry theirs in ``measured`` or in the words of the ``cases``, worst first.
    ``check`` is how to find out whether it matters, ``whys`` are (row, class asked against) of tests that were made.
    """

    kind: str
    layer: str
    gravity: Gravity
    share: Share
    measured: str
    threshold: str
    not_shown: str
    check: str
    cases: tuple[Case, ...]
    whys: tuple[tuple[int, int], ...] = ()

    @property
    def title(self) -> str:
        return KINDS[self.kind]


@dataclass(frozen=True)
class Lack:
    """What the atlas does not hold, so that a kind could not be looked for, and the command that makes it."""

    kind: str
    words: str
    command: str


@dataclass(frozen=True)
class Diagnosis:
    """All symptoms, those to look at first in front; of one gravity by kind, then by the share of the layer."""

    symptoms: tuple[Symptom, ...]
    lacks: tuple[Lack, ...] = field(default=())

    def __repr__(self) -> str:
        counts = ", ".join(f"{kind} {count}" for kind, count in self.counts().items() if count)
        return f"<Diagnosis: {counts or 'no symptom'}; in .symptoms>"

    def of(self, kind: str) -> tuple[Symptom, ...]:
        """The symptoms of one kind, in order."""
        return tuple(one for one in self.symptoms if one.kind == kind)

    def counts(self) -> dict[str, int]:
        """How many symptoms there are of every kind."""
        return {kind: len(self.of(kind)) for kind in KINDS}

    def as_dict(self) -> dict[str, Any]:
        """The content of ``--json``."""
        return {
            "symptoms": [asdict(one) | {"title": one.title} for one in self.symptoms],
            "lacks": [asdict(one) for one in self.lacks],
        }


def worst_first(values: np.ndarray, channels: np.ndarray, words: Callable[[float], str]) -> tuple[Case, ...]:
    """A case for each of some ``channels``, the largest of ``values`` ``[C]`` in front; equal ones keep their order."""
    order = channels[np.argsort(-values[channels].astype(float), kind="stable")].tolist()
    return tuple(Case(one, value := float(values[one]), words(value)) for one in order)


def ranked(symptoms: Sequence[Symptom]) -> tuple[Symptom, ...]:
    """By gravity, then kind, then the share of the layer; layers keep their order."""
    kinds = list(KINDS)
    return tuple(
        sorted(
            symptoms,
            key=lambda one: (GRAVITIES.index(one.gravity), kinds.index(one.kind), -one.share.rate),
        )
    )
