"""The recorded pass as a graph that people can read: one node for each step, whatever calls it takes."""

from convscope.model.layers import find_chains
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS, MAX_POOLS, TRANSPOSED
from convscope.model.spine import between
from convscope.model.summary import VIEWS, multiply_adds
from convscope.model.tape import INPUT, Call, Record
from convscope.model.window import window_of
from convscope.plain.graph import Graph, Node

WORDS = {
    **dict.fromkeys(CONVOLUTIONS, "conv"), **dict.fromkeys(TRANSPOSED, "transposed conv"),
    **dict.fromkeys(MAX_POOLS, "max pool"), "adaptive_avg_pool2d": "average pool", "avg_pool2d": "average pool",
    "linear": "fully connected", "add": "sum", "cat": "concatenation", "mul": "product",
    "local_response_norm": "response norm",
}  # fmt: skip


def graph(model: Model) -> Graph:
    """The steps of a network from its pixels to its scores, with what they cost.

    A convolution, linear layer, sum or concatenation is one step with the normalisation and the activation
    that follow it; what only turns or reshapes a map belongs to the step before it.

    >>> [node.words for node in graph(cs.open_model("resnet18")).nodes][:2]  # doctest: +SKIP
    ['conv 7x7 stride 2 padding 3, batch norm, relu', 'max pool 3x3 stride 2 padding 1']
    """
    path = between(model.record)
    steps, home = _steps(model, path)
    edges = {
        (home[value.call], home[call.index]): None
        for call in path
        for value in call.inputs
        if home.get(value.call, home[call.index]) != home[call.index]
    }
    costs = _parameters(model)
    nodes = (_node(model, calls, costs) for calls in steps)
    return Graph(tuple(nodes), tuple(sorted(edges)))


def _steps(model: Model, path: list[Call]) -> tuple[list[list[Call]], dict[int, int]]:
    """The calls of every step, and the step of every call; ``INPUT`` is its own."""
    root = {index: chain[0] for chain in find_chains(model.record).values() for index in chain}
    home, steps = {INPUT: INPUT}, []
    for call in path:
        sources = {home[value.call] for value in call.inputs if value.call in home}
        if root.get(call.index, call.index) in home:
            place = home[root[call.index]]
        elif call.index not in root and _turns(model, call) and len(sources) == 1 and INPUT not in sources:
            place = sources.pop()
        else:
            place = len(steps)
            steps.append([])
        home[call.index] = place
        steps[place].append(call)
    return steps, home


def _turns(model: Model, call: Call) -> bool:
    return call.operation in VIEWS or call.name not in model.layers


def _node(model: Model, calls: list[Call], parameters: dict[int, int]) -> Node:
    shown = [call for call in calls if call.name in model.layers and call.operation not in VIEWS] or calls[:1]
    first, last = calls[0], shown[-1]
    layer = model.layers.get(last.name)
    return Node(
        last.name, first.module or first.name, first.operation,
        ", ".join(_words(call, model.record) for call in shown),
        tuple(layer.shape if layer else last.shape[1:]), layer.field.size if layer else None,
        sum(parameters[call.index] for call in calls), sum(map(multiply_adds, calls)),
    )  # fmt: skip


def _words(call: Call, record: Record) -> str:
    """The operation and its window, ``conv 3x3 stride 2 padding 1``."""
    seen = window_of(call, record)
    name = WORDS.get(call.operation, call.operation.replace("_", " "))
    return f"{name} {seen.words(call.arguments.get('groups', 1))}" if seen else name


def _parameters(model: Model) -> dict[int, int]:
    """Parameters that each call is the first to use."""
    sizes = {name: parameter.numel() for name, parameter in model.module.named_parameters()}
    return {
        call.index: sum(sizes.pop(name, 0) for name in dict.fromkeys(call.weights))
        for call in model.record.calls
    }
