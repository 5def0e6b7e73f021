"""How far a picture may be trusted: a word for machines and a sentence for people."""

from dataclasses import dataclass, field
from typing import Any

# the gravest first
LABELS = ("refused", "partial", "dead", "image-independent", "pool-only", "extended", "exact")


@dataclass(frozen=True)
class Validity:
    """The label of a map, a sentence that says the same, and how many rectifiers were treated.

    ``exact``: the method was applied everywhere it has a rule. ``image-independent``: no max-pool lies
    below, so every image gives the same map. ``pool-only``: the map depends on the image only through
    one max-pool. ``extended``: smooth activations were treated by a stated extension. ``partial``: some
    operation was not treated as the method asks. ``dead``: the unit is not above zero here.
    ``refused``: the method has no meaning for this network.
    ``labels`` lists every label that applies, the gravest first; ``label`` is the first.
    """

    label: str
    sentence: str
    labels: tuple[str, ...] = ()
    rectified: int = 0
    rectifiers: int = 0
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "sentence": self.sentence,
            "labels": list(self.labels),
            "rectified": self.rectified,
            "rectifiers": self.rectifiers,
            "notes": list(self.notes),
        }

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "Validity":
        return Validity(
            data["label"],
            data["sentence"],
            tuple(data.get("labels", ())),
            data.get("rectified", 0),
            data.get("rectifiers", 0),
            tuple(data.get("notes", ())),
        )
