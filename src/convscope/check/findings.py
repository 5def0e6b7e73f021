"""What a check found: plain data, the gravest first."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Gravity = Literal["grave", "warning", "note"]
GRAVITIES: tuple[Gravity, ...] = ("grave", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One kind of fault and every image that has it.

    ``groups`` are ids that belong together, such as the copies of one picture; a fault of single images
    has groups of one, a fault of the whole set none. ``sentence`` says what was found, ``next_step``
    what to do about it. "grave" means that an accuracy or a network would be wrong.
    """

    kind: str
    gravity: Gravity
    sentence: str
    next_step: str
    groups: tuple[tuple[str, ...], ...] = ()
    details: tuple[str, ...] = ()  # one for each group, or none

    @property
    def images(self) -> tuple[str, ...]:
        """Every image of the groups, once."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group))


@dataclass(frozen=True)
class Findings:
    """All findings of one check, the gravest first; iterable.

    ``together`` holds, for pictures that have copies, id -> the first id of its copies.
    """

    name: str
    images: int
    classes: tuple[str, ...]
    findings: tuple[Finding, ...]
    together: dict[str, str]
    seconds: float

    def __repr__(self) -> str:
        kinds = ", ".join(dict.fromkeys(one.kind for one in self))
        return f"<Findings of {self.name}: {self.images} images, {kinds or 'nothing found'}>"

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def of(self, kind: str) -> Finding | None:
        """The finding of this kind, or None."""
        return next((one for one in self.findings if one.kind == kind), None)

    @property
    def grave(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.gravity == "grave")

    def as_dict(self) -> dict[str, Any]:
        """The content of ``--json``: lists and plain values."""
        findings = [asdict(one) | {"images": one.images} for one in self.findings]
        return {
            "name": self.name,
            "images": self.images,
            "classes": self.classes,
            "grave": len(self.grave),
            "seconds": self.seconds,
            "findings": findings,
        }
