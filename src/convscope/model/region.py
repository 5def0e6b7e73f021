"""Where one value of the pass looks, and what is known of the values so far."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from convscope.model.axis import Axis, union
from convscope.model.tape import Call, Ref, Value


@dataclass(frozen=True)
class Region:
    """Where one value looks: its two image axes, and whether every step so far had a rule."""

    rows: Axis
    columns: Axis
    exact: bool = True

    def map(self, change: Callable[[Axis], Axis], *, exact: bool = True) -> "Region":
        return Region(change(self.rows), change(self.columns), self.exact and exact)


@dataclass(frozen=True)
class Known:
    """Regions and shapes of the values seen so far."""

    regions: dict[Value, Region] = field(default_factory=dict)
    shapes: dict[Value, tuple[int, ...]] = field(default_factory=dict)

    def of(self, call: Call, name: str = "input") -> Region | None:
        """The region of an argument; None where it does not depend on the pixels."""
        reference = call.arguments.get(name)
        return self.regions.get(reference.value) if isinstance(reference, Ref) and reference.value else None

    def inputs(self, call: Call) -> list[Region]:
        """The regions of all arguments that depend on the pixels."""
        return [self.regions[value] for value in call.inputs if value in self.regions]


def join(regions: list[Region]) -> Region | None:
    """What values that meet in one operation see together; None where their image axes do not lie alike."""
    rows, columns = [region.rows for region in regions], [region.columns for region in regions]
    if not (_alike(rows) and _alike(columns)):
        return None
    return Region(union(rows), union(columns), all(region.exact for region in regions))


def _alike(axes: list[Axis]) -> bool:
    return len({(axis.dim, len(axis)) for axis in axes if len(axis) > 1}) < 2


def everywhere(regions: list[Region]) -> Region:
    """All that any position of any of them sees: an upper bound for maps; a vector has no positions to mix."""
    whole = [region.map(anywhere, exact=lies_along(region)) for region in regions]
    exact = all(region.exact for region in whole)
    return Region(union([r.rows for r in whole]), union([r.columns for r in whole]), exact)


def anywhere(axis: Axis) -> Axis:
    """All that any position sees, by no formula."""
    return replace(axis.hull(), formula=None)


def pair(value: Any, fallback: Any = None) -> tuple[Any, Any]:
    """A setting given once or per axis, as (vertical, horizontal)."""
    if value is None or value == ():
        value = fallback
    if isinstance(value, tuple | list):
        return (value[0], value[-1])
    return (value, value)


def lies_along(region: Region, rows: int | None = None, columns: int | None = None) -> bool:
    """Whether the image axes run along these dimensions of the tensor; with none given, along no dimension."""
    return (region.rows.dim, region.columns.dim) == (rows, columns)
