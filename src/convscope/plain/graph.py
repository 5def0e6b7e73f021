"""A network as nodes and arrows: plain data that a survey keeps and a page draws."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

INPUT = -1  # where the arrows begin


@dataclass(frozen=True)
class Node:
    """One step of a network: a convolution with its normalisation and activation, a pooling, a sum, …

    ``name`` is the last call of the step, ``path`` the module that it lies in; ``shape`` is its output without
    the batch, ``field`` its receptive field (height, width) in input pixels, None where it sees no map.
    ``parameters`` and ``multiply_adds`` (of one image, in convolutions and linear layers) are None where they are not known.
    """

    name: str
    path: str
    operation: str
    words: str
    shape: tuple[int, ...]
    field: tuple[int, int] | None
    parameters: int | None
    multiply_adds: int | None


@dataclass(frozen=True)
class Graph:
    """Nodes in running order, and arrows between their places; an arrow from ``INPUT`` brings the pixels."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"nodes": [asdict(node) for node in self.nodes], "edges": [list(edge) for edge in self.edges]}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Graph":
        """What ``as_dict`` gave; raises ValueError where an arrow points nowhere or backwards."""
        nodes = tuple(_node(entry) for entry in data["nodes"])
        edges = tuple((int(source), int(target)) for source, target in data["edges"])
        for source, target in edges:
            if not INPUT <= source < target < len(nodes):
                raise ValueError(f"arrow from {source} to {target} of {len(nodes)} nodes")
        return Graph(nodes, edges)


def _node(entry: Mapping[str, Any]) -> Node:
    field = entry["field"]
    return Node(
        name=str(entry["name"]),
        path=str(entry["path"]),
        operation=str(entry["operation"]),
        words=str(entry["words"]),
        shape=tuple(map(int, entry["shape"])),
        field=None if field is None else (int(field[0]), int(field[1])),
        parameters=_amount(entry["parameters"]),
        multiply_adds=_amount(entry["multiply_adds"]),
    )


def _amount(number: Any) -> int | None:
    return None if number is None else int(number)
