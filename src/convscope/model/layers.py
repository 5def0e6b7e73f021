"""From a record to layers: which calls yield maps, and which of them a survey looks at."""

from collections import defaultdict
from math import prod

from convscope.model.geometry import receptive_field, regions
from convscope.model.layer import Layer
from convscope.model.operations import CHAINED, CONVOLUTIONS, DROPOUTS, SOFTMAX, SUMS, TRANSPOSED
from convscope.model.region import Region, pair
from convscope.model.tape import INPUT, Call, Record, Ref, Value

ROOTS = CONVOLUTIONS | TRANSPOSED | SUMS | {"linear", "cat"}


def find_layers(record: Record) -> dict[str, Layer]:
    """Every call that yields a map or a vector of channels, by name, in running order."""
    looks = regions(record)
    chains = find_chains(record)
    layers = {}
    for call in record.calls:
        region = looks.get(Value(call.index))
        if region is None or not call.floating or len(call.shapes) > 1:
            continue
        axis = channel_axis(call, region)
        if axis is not None:
            layers[call.name] = _layer(call, region, axis, chains.get(call.index, (call.index,)), record)
    return layers


def _layer(call: Call, region: Region, axis: int, chain: tuple[int, ...], record: Record) -> Layer:
    shape = call.shape[1:] if axis == 1 else (call.shape[-1], *call.shape[1:-1])
    names = tuple(record.calls[index].name for index in chain)
    root = record.calls[chain[0]]
    return Layer(
        call.name, call.index, call.operation, shape, axis, receptive_field(region), names, kernel_text(root)
    )


def channel_axis(call: Call, region: Region) -> int | None:
    """The dimension that counts channels: 1 for ``[N, C]`` and ``[N, C, H, W]``, last for ``[N, H, W, C]``."""
    if len(call.shape) == 2:
        return 1
    if len(call.shape) != 4:
        return None
    return 3 if (region.rows.dim, region.columns.dim) == (1, 2) else 1


def consumers(record: Record) -> dict[Value, list[Call]]:
    """Which calls read each value."""
    readers: dict[Value, list[Call]] = defaultdict(list)
    for call in record.calls:
        for value in dict.fromkeys(call.inputs):
            readers[value].append(call)
    return readers


def find_chains(record: Record) -> dict[int, tuple[int, ...]]:
    """For the last call of every convolution-norm-activation chain, sum and concatenation: its calls.

    A chain starts at a convolution, linear layer, sum of two maps or concatenation, and goes on through
    pointwise steps for as long as each result is read by nothing else.
    """
    readers = consumers(record)
    chains = {}
    for root in record.calls:
        if not is_root(root, record):
            continue
        chain = [root.index]
        while len(following := readers[Value(chain[-1])]) == 1 and following[0].operation in CHAINED:
            chain.append(following[0].index)
        while record.calls[chain[-1]].operation in DROPOUTS:  # the identity, when not training
            chain.pop()
        chains[chain[-1]] = tuple(chain)
    return chains


def is_root(call: Call, record: Record) -> bool:
    """Convolutions and linear layers on the image's side, and sums and concatenations of several maps."""
    if call.operation not in ROOTS or not call.inputs or not call.floating:
        return False
    if call.operation not in SUMS | {"cat"}:
        return True
    maps = {value for value in call.inputs if value.call == INPUT or _is_map(record.calls[value.call], call)}
    return len(maps) > 1


def _is_map(source: Call, result: Call) -> bool:
    """Whether an argument is as large as the result, apart from channels: a sum of maps, not a bias or a gate."""
    return prod(source.shape[2:]) == prod(result.shape[2:]) and len(source.shape) == len(result.shape)


def surveyed(record: Record, layers: dict[str, Layer], output: str) -> tuple[str, ...]:
    """The layers a survey looks at by default: the ends of all chains, and the class scores."""
    ends = find_chains(record)
    return tuple(name for name, layer in layers.items() if layer.index in ends or name == output)


def output_layer(record: Record) -> str:
    """The call that yields the class scores before any softmax, and before its temperature."""
    return scores_and_temperature(record)[0].name


def scores_and_temperature(record: Record) -> tuple[Call, float]:
    """The call that yields the class scores, and what they are divided by before the network's own softmax."""
    call, temperature = record.calls[record.output.call], 1.0
    while call.operation in SOFTMAX and call.inputs and call.inputs[0].call != INPUT:
        call = record.calls[call.inputs[0].call]
        factor = call.arguments.get("other")
        if isinstance(factor, int | float) and factor > 0 and call.inputs and call.inputs[0].call != INPUT:
            temperature *= factor if call.operation == "div" else 1 / factor
            call = record.calls[call.inputs[0].call]
    return call, temperature


def kernel_text(call: Call) -> str:
    """A convolution's window in words, ``3x3 stride 1 padding 1``; empty for anything else."""
    weight = call.arguments.get("weight")
    if call.operation not in CONVOLUTIONS or not isinstance(weight, Ref):
        return ""
    words = ["x".join(map(str, weight.shape[2:]))]
    for setting, usual in (("stride", 1), ("padding", 0), ("dilation", 1)):
        value = call.arguments.get(setting, usual)
        first, second = (value, value) if isinstance(value, str) else pair(value, usual)
        text = str(first) if first == second else f"{first}x{second}"
        if text != str(usual):
            words.append(f"{setting} {text}")
    groups = call.arguments.get("groups", 1)
    return " ".join(words + ([f"groups {groups}"] if groups != 1 else []))
