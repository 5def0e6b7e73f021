"""Receptive fields along one axis over a graph of windows, and whether its branches are aligned.

Branches that meet should have one stride and one centre (Araujo, Norris & Sim, Distill 2019). Where the
strides agree, all positions see equally much; where they differ, what is seen depends on the position.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from convscope.arithmetic.recurrence import Reach, before
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec, UnknownName

PIXELS = "pixels"
POINTWISE = Window()


@dataclass(frozen=True)
class Node:
    """A window over the sum or concatenation of its parents; ``pixels`` is the input."""

    window: Window = POINTWISE
    parents: tuple[str, ...] = (PIXELS,)


@dataclass(frozen=True)
class Meeting:
    """What a node sees through all branches: one reach per stride, and what does not fit together."""

    branches: tuple[Reach, ...]
    misaligned: tuple[str, ...] = ()

    @property
    def reach(self) -> Reach | None:
        """The one formula; None where branches of different strides meet."""
        return self.branches[0] if len(self.branches) == 1 else None

    def at(self, position: int) -> tuple[int, int]:
        """First and last pixel that a position sees through any branch."""
        ends = [branch.at(position) for branch in self.branches]
        return min(first for first, _ in ends), max(last for _, last in ends)


def fields(nodes: Mapping[str, Node], n: int | None = None) -> dict[str, Meeting]:
    """What every node of a graph sees of ``n`` pixels, in running order, in time linear in the graph.

    Raises UnknownName for a parent that does not exist, BadSpec for a cycle.

    >>> graph = {"conv": Node(Window(3, padding=1)), "sum": Node(parents=("conv", "pixels"))}
    >>> fields(graph)["sum"].at(0)
    (-1, 1)
    """
    met = {PIXELS: Meeting((Reach(),))}
    sizes = {PIXELS: n}
    for name in _order(nodes):
        node = nodes[name]
        sight = _meet(name, [(parent, met[parent]) for parent in node.parents])
        size = sizes[node.parents[0]]
        padding = before(node.window, size)
        met[name] = Meeting(
            tuple(branch.under(node.window, padding) for branch in sight.branches), sight.misaligned
        )
        sizes[name] = None if size is None else node.window.outputs(size)
    return {name: sight for name, sight in met.items() if name != PIXELS}


def _order(nodes: Mapping[str, Node]) -> Iterable[str]:
    for node in nodes.values():
        for parent in node.parents:
            if parent not in nodes and parent != PIXELS:
                raise UnknownName("node", parent, (*nodes, PIXELS))
    try:
        order = TopologicalSorter({name: node.parents for name, node in nodes.items()}).static_order()
        return [name for name in order if name != PIXELS]
    except CycleError as error:
        raise BadSpec(f"the graph turns in a circle: {' -> '.join(error.args[1])}") from error


def _meet(name: str, parents: list[tuple[str, Meeting]]) -> Meeting:
    """The hull of all branches of one stride, for each stride."""
    branches = [branch for _, sight in parents for branch in sight.branches]
    strides = dict.fromkeys(branch.stride for branch in branches)
    hulls = tuple(_hull([branch for branch in branches if branch.stride == stride]) for stride in strides)
    inherited = dict.fromkeys(line for _, sight in parents for line in sight.misaligned)
    return Meeting(hulls, (*inherited, *_complaints(name, parents)))


def _hull(branches: list[Reach]) -> Reach:
    start = min(branch.start for branch in branches)
    return Reach(max(branch.start + branch.size for branch in branches) - start, branches[0].stride, start)


def _complaints(name: str, parents: list[tuple[str, Meeting]]) -> Iterable[str]:
    """Strides or centres that disagree between parents, each said once against the first."""
    (first, one), *others = [(parent, sight.reach) for parent, sight in parents]
    for other, reach in others:
        if one is None or reach is None:
            continue  # already said where that parent's own branches met
        if reach.stride != one.stride:
            yield f"{name}: strides differ, {first} {one.stride} and {other} {reach.stride}: what is seen depends on the position"
        elif reach.centre != one.centre:
            yield f"{name}: centres differ, {first} at {one.centre:g} and {other} at {reach.centre:g}"
