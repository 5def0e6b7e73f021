"""Every network that has a name: what it costs, how far it sees, and whether its weights are at hand."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files
from typing import Any

from convscope.errors import UnknownName
from convscope.nets import NETS
from convscope.nets.architecture import timm_names, torchvision_names
from convscope.nets.cost import Cost
from convscope.nets.pretrained import weights_at_hand

TABLE = "catalogue.json"
MEASURE = "convscope summary NAME"
NO_TIMM = "timm is not installed: `pip install 'convscope[timm]'` adds its networks"


@dataclass(frozen=True)
class Entry:
    """A network by name; ``cost`` is None where nobody has measured it, ``weights`` "" where there are none."""

    name: str
    source: str
    cost: Cost | None
    weights: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        blank: dict[str, Any] = dict.fromkeys(("parameters", "multiply_adds", "input", "field"))
        numbers = self.cost.as_dict() if self.cost else blank
        return {"name": self.name, "source": self.source, **numbers, "weights": self.weights}


@dataclass(frozen=True)
class Catalogue:
    """Entries that match a pattern; prints as a table."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {"models": [entry.as_dict() for entry in self.entries], "notes": list(self.notes)}

    def __str__(self) -> str:
        head = ("name", "parameters", "multiply-adds", "input", "field", "weights")
        lines = [head, *(_cells(entry) for entry in self.entries)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        table = [
            "  ".join(_aligned(cell, widths[i], i) for i, cell in enumerate(line)).rstrip() for line in lines
        ]
        return "\n".join([*table, "", *self.notes])


def models(pattern: str = "*") -> Catalogue:
    """The classics, torchvision's and timm's networks whose name matches a glob, or holds a text.

    Parameters are counted whole; multiply-adds are of convolutions and linear layers for one image of the
    input size, (channels, height, width). ``field`` is the receptive field of the last maps in pixels.
    Raises UnknownName, with the nearest names, where none matches.

    >>> [entry.name for entry in models("zfnet-fc*")]
    ['zfnet-fc2048', 'zfnet-fc8192']
    """
    names = every_name()
    chosen = [name for name in names if matches(name, pattern)]
    if not chosen:
        raise UnknownName("network", pattern, names, "" if timm_names() else f"{NO_TIMM}.")
    costs = shipped()
    entries = tuple(Entry(name, source_of(name), costs.get(name), weights_at_hand(name)) for name in chosen)
    return Catalogue(entries, _notes(entries))


def every_name() -> list[str]:
    """All names that ``open_model`` takes: ours, torchvision's, and timm's as ``timm:NAME``."""
    return [*NETS, *torchvision_names(), *(f"timm:{name}" for name in timm_names())]


def matches(name: str, pattern: str) -> bool:
    """Whether a name fits a glob (``res*50``), or holds a text (``resnet``); timm's also without prefix."""
    if any(sign in pattern for sign in "*?["):
        return fnmatchcase(name, pattern) or fnmatchcase(name.removeprefix("timm:"), pattern)
    return pattern in name


def source_of(name: str) -> str:
    """Who wrote a network: convscope, torchvision or timm."""
    if name in NETS:
        return "convscope"
    return "timm" if name.startswith("timm:") else "torchvision"


def shipped() -> dict[str, Cost]:
    """The numbers that come with convscope, measured by ``tools/make_catalogue.py``."""
    rows = json.loads(files("convscope.nets").joinpath(TABLE).read_text("utf-8"))
    return {name: Cost(**row | {"input": tuple(row["input"])}) for name, row in rows.items()}


def _notes(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    counts = Counter(entry.source for entry in entries)
    by_source = ", ".join(f"{count} of {source}" for source, count in counts.items())
    found = f"{len(entries)} network{'s' * (len(entries) != 1)}: {by_source}"
    unmeasured = sum(entry.cost is None for entry in entries)
    notes = [found]
    if unmeasured:
        notes.append(f"{unmeasured} not measured yet: `{MEASURE}` does")
    if not timm_names():
        notes.append(NO_TIMM)
    return tuple(notes)


def _cells(entry: Entry) -> tuple[str, ...]:
    if entry.cost is None:
        return (entry.name, "", "", "", "", entry.weights)
    cost = entry.cost
    field = "" if cost.field is None else str(cost.field)
    size = "x".join(map(str, cost.input))
    return (entry.name, f"{cost.parameters:,}", f"{cost.multiply_adds:,}", size, field, entry.weights)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column in (0, 5) else cell.rjust(width)
