"""The network as blocks of steps: what the page of the network prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from convscope.atlas.read import Atlas
from convscope.plain.graph import INPUT, Graph, Node

FEWEST_BLOCKS = 5  # a network of fewer is opened one module deeper
KINDS = {
    "conv": "conv", "linear": "linear", "pool": "pool", "mean": "pool", "amax": "pool",
    "add": "join", "sub": "join", "cat": "join", "mul": "join",
}  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One node of the graph in the page: its place in running order, and the surveyed layer where it is one.

    ``dead`` is the share of channels that never answered; None where that was not surveyed.
    """

    place: int
    node: Node
    layer: str | None
    dead: float | None

    @property
    def kind(self) -> str:
        """``conv``, ``linear``, ``pool``, ``join`` or ``other``: its colour and its sign."""
        return next((kind for part, kind in KINDS.items() if part in self.node.operation), "other")

    @property
    def shape(self) -> str:
        return " × ".join(map(str, self.node.shape))

    @property
    def field(self) -> str:
        return " × ".join(map(str, self.node.field)) if self.node.field else "–"


@dataclass(frozen=True)
class Block:
    """Neighbouring steps in one module; ``sources`` are the places outside that arrows come from."""

    name: str
    steps: tuple[Step, ...]
    edges: tuple[tuple[int, int], ...]

    @property
    def places(self) -> range:
        return range(self.steps[0].place, self.steps[-1].place + 1)

    @property
    def sources(self) -> list[int]:
        return sorted({source for source, _ in self.edges} - set(self.places))

    @property
    def kind(self) -> str:
        """Of the step with most parameters, the first of equals."""
        return max(self.steps, key=lambda step: step.node.parameters or 0).kind

    @property
    def parameters(self) -> int | None:
        return total([step.node.parameters for step in self.steps])

    @property
    def multiply_adds(self) -> int | None:
        return total([step.node.multiply_adds for step in self.steps])

    @property
    def last(self) -> Step:
        return self.steps[-1]


def total(amounts: Sequence[int | None]) -> int | None:
    """The sum; None where one is not known.

    >>> total([1, 2]), total([1, None])
    (3, None)
    """
    return None if None in amounts else sum(amount or 0 for amount in amounts)


def network_graph(atlas: Atlas) -> Graph:
    """The graph of an atlas; of one that keeps none, its layers in a line."""
    if atlas.graph is not None:
        return atlas.graph
    nodes = tuple(
        Node(layer.name, (layer.chain or (layer.name,))[0], "conv2d" if layer.kernel else layer.operation,
             f"conv {layer.kernel}" if layer.kernel else layer.operation, layer.shape, layer.field.size, None, None)
        for layer in atlas.layers.values()
    )  # fmt: skip
    return Graph(nodes, tuple((place - 1, place) for place in range(len(nodes))))


def blocks(atlas: Atlas) -> list[Block]:
    """The graph in blocks, one for each module at the smallest depth that gives more than a few."""
    graph = network_graph(atlas)
    steps = [_step(atlas, place, node) for place, node in enumerate(graph.nodes)]
    deepest = max((node.path.count(".") + 1 for node in graph.nodes), default=1)
    runs: list[list[Step]] = []
    for depth in range(1, deepest + 1):
        runs = [list(run) for _, run in groupby(steps, lambda step, d=depth: module_at(step.node.path, d))]
        if len(runs) >= FEWEST_BLOCKS:
            return _named(graph, runs, depth)
    return _named(graph, runs, deepest)


def module_at(path: str, depth: int) -> str:
    """The first parts of a module's path.

    >>> module_at("layer1.0.conv1", 1)
    'layer1'
    """
    return ".".join(path.split(".")[:depth])


def _named(graph: Graph, runs: list[list[Step]], depth: int) -> list[Block]:
    """A module that comes twice is told apart by a number, as calls are."""
    seen: dict[str, int] = {}
    made = []
    for run in runs:
        name = module_at(run[0].node.path, depth)
        seen[name] = seen.get(name, 0) + 1
        inside = range(run[0].place, run[-1].place + 1)
        edges = tuple(edge for edge in graph.edges if edge[1] in inside)
        made.append(Block(name if seen[name] == 1 else f"{name}#{seen[name]}", tuple(run), edges))
    return made


def _step(atlas: Atlas, place: int, node: Node) -> Step:
    if node.name not in atlas.layers:
        return Step(place, node, None, None)
    return Step(place, node, node.name, float(atlas.channels(node.name)["dead"].mean()))


def asides(block: Block, all_blocks: Sequence[Block]) -> list[str]:
    """What a block reads besides the block before it, by name: skips over whole blocks."""
    home = {place: one.name for one in all_blocks for place in one.places} | {INPUT: "the pixels"}
    before = home[block.places.start - 1]
    return [name for name in dict.fromkeys(home[place] for place in block.sources) if name != before]


def amount(count: int | None) -> str:
    """A count in three digits with its unit.

    >>> amount(11689512), amount(999), amount(None), amount(1814073344), amount(999_999)
    ('11.7 M', '999', '–', '1.81 G', '1 M')
    """
    if count is None:
        return "–"
    rounded = float(f"{count:.3g}")
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if rounded >= size:
            return f"{rounded / size:.4g} {unit}"
    return str(count)
