"""Backward rules: hooks on the nodes of the autograd graph between a unit and the pixels.

Plain gradient, deconvnet and guided backpropagation differ only in what a rectifier does to the signal
on its way down (Simonyan et al. 2013; Zeiler & Fergus 2013; Springenberg et al. 2014). The forward pass
is the user's own and is never altered.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

from convscope.errors import BadModel

Rule = Literal["gradient", "deconvnet", "guided"]
Signals = tuple[Tensor | None, ...]

# autograd's nodes by the name of their operation: "Relu" is ReluBackward0; in-place variants end in another number
RECTIFIER_NODES = {"Relu": "relu", "Hardtanh": "relu6", "Threshold": "threshold"}
SMOOTH_NODES = {
    "Silu": "silu", "Gelu": "gelu", "Hardswish": "hardswish", "Mish": "mish", "Elu": "elu", "Celu": "celu",
    "LeakyRelu": "leaky relu", "PreluKernel": "prelu", "Softplus": "softplus", "RreluWithNoise": "rrelu",
}  # fmt: skip
POOL_NODES = {"MaxPool2DWithIndices", "AdaptiveMaxPool2D", "MaxPool1DWithIndices"}
DISGUISED_NODES = {
    "Where": "where", "Maximum": "maximum", "Minimum": "minimum", "Fmax": "fmax", "Fmin": "fmin", "Max": "max",
    "ClampMin": "clamp", "Clamp": "clamp", "Abs": "abs", "MaskedFill": "masked fill", "IndexPut": "index put",
    "Hardshrink": "hardshrink", "Softshrink": "softshrink",
}  # fmt: skip
# nodes whose backward never looks at the values that went forward; what is in no table is taken for a gate
LINEAR_NODES = {
    "AccumulateGrad", "AdaptiveAvgPool2D", "Add", "Addmm", "Alias", "AsStrided", "AvgPool2D", "AvgPool3D", "BroadcastTo", "Cat",
    "Clone", "ConstantPadNd", "Convolution", "Copy", "CopySlices", "Detach", "Expand", "Flip", "Gather", "Index",
    "IndexSelect", "Linear", "Mean", "MkldnnConvolution", "Mm", "Neg", "Permute", "PixelShuffle",
    "PixelUnshuffle", "ReflectionPad2D", "Repeat", "ReplicationPad2D", "ReshapeAlias", "Roll", "Rsub", "Select",
    "Slice", "Split", "SplitWithSizes", "Squeeze", "Stack", "Sub", "Sum", "T", "ToCopy", "Transpose", "Unbind",
    "Unfold", "Unsqueeze", "UnsafeSplit", "UnsafeView", "UpsampleBicubic2D", "UpsampleBilinear2D",
    "UpsampleNearest2D", "View",
}  # fmt: skip
# linear in each of their two arguments: gates where both depend on the pixels
PRODUCTS = {"Mul": "product of two maps", "Div": "quotient of two maps", "Bmm": "matrix product"}
NORMS = {"NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm"}  # linear with the statistics of training


@dataclass
class Descent:
    """What the signal met between the unit and the pixels."""

    rectifiers: int = 0
    rectified: int = 0
    pools: int = 0
    smooth: Counter[str] = field(default_factory=Counter)
    gates: Counter[str] = field(default_factory=Counter)
    disguised: Counter[str] = field(default_factory=Counter)
    opaque: Counter[str] = field(default_factory=Counter)
    reaches_pixels: bool = True


def nodes_between(top: Node, pixels: Tensor, response_norms: Collection[Node] = ()) -> list[Node]:
    """The nodes on some way from ``top`` down to ``pixels``, without those that lead only to weights.

    Where ``response_norms`` are handed through, what they divide by is on no way.
    """
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(top, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((below, False) for below in _below(node, response_norms))
    leads: set[Node] = set()
    for node in order:  # every node comes after all that lies below it
        is_pixels = getattr(node, "variable", None) is pixels
        if is_pixels or any(below in leads for below in _below(node, response_norms)):
            leads.add(node)
    return [node for node in order if node in leads]


def _below(node: Node, response_norms: Collection[Node]) -> list[Node]:
    ways = node.next_functions[:1] if node in response_norms else node.next_functions
    return [below for below, _ in ways if below is not None]


def describe(nodes: Sequence[Node], response_norms: Collection[Node] = ()) -> Descent:
    """Count rectifiers, pools and whatever a rule has no answer to."""
    descent = Descent(reaches_pixels=bool(nodes))
    known = set(nodes)
    for node in nodes:
        name = operation_of(node)
        if isinstance(node, BackwardCFunction):  # written in Python or compiled: nobody can see inside
            descent.opaque[node.name()] += 1
        elif is_rectifier(node):
            descent.rectifiers += 1
        elif name in POOL_NODES:
            descent.pools += 1
        elif name in SMOOTH_NODES:
            descent.smooth[SMOOTH_NODES[name]] += 1
        elif name in DISGUISED_NODES:
            descent.disguised[DISGUISED_NODES[name]] += 1
        elif gate := _gate(node, known, response_norms):
            descent.gates[gate] += 1
    return descent


def operation_of(node: Node) -> str:
    """``Relu`` for ReluBackward0 and for its in-place variant."""
    return (
        node.name()
        .rpartition("::")[2]
        .rstrip("0123456789")
        .removesuffix("Backward")
        .removesuffix("Backwards")
    )


def _gate(node: Node, known: Collection[Node], response_norms: Collection[Node]) -> str:
    """What a node's backward does with the values that went forward, in words; empty where it is linear."""
    name = operation_of(node)
    if name in PRODUCTS:
        return PRODUCTS[name] if sum(way in known for way in _below(node, response_norms)) > 1 else ""
    if name in NORMS:
        return "batch norm over this image" if getattr(node, "_saved_training", False) else ""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("Native")).lower()
    return "" if name in LINEAR_NODES else words


FLOORS = {"Hardtanh": "_saved_min_val", "Threshold": "_saved_threshold"}


def is_rectifier(node: Node) -> bool:
    """Nodes that clip at zero from below: a hardtanh where its floor is zero, as in ReLU6, a threshold of zero."""
    name = operation_of(node)
    return name in RECTIFIER_NODES and (name not in FLOORS or getattr(node, FLOORS[name]) == 0)


def rectify(rule: Rule, node: Node) -> Callable[[Signals, Signals], Signals]:
    """What a rectifier hands down: ``deconvnet`` g·[g > 0], ``guided`` g·[x > 0]·[g > 0]."""
    # autograd lets nothing through where ReLU6 met its ceiling, though x > 0 there
    ceiling = rule == "guided" and operation_of(node) == "Hardtanh"
    above_zero = getattr(node, "_saved_self") > 0 if ceiling else None  # noqa: B009

    def hook(downward: Signals, upward: Signals) -> Signals:
        signal = downward[0] if rule == "guided" else upward[0]
        if above_zero is not None and upward[0] is not None:
            signal = upward[0] * above_zero
        return (None if signal is None else signal.clamp(min=0), *downward[1:])

    return hook


def pass_through(downward: Signals, upward: Signals) -> Signals:
    """Local response normalisation hands the signal down unchanged: the paper describes nothing for it."""
    signal = upward[0]
    return tuple(
        None if below is None else signal if index == 0 else torch.zeros_like(below)
        for index, below in enumerate(downward)
    )


def descend(
    values: Tensor, pixels: Tensor, rule: Rule, response_norms: Sequence[Node] = ()
) -> tuple[Tensor, Descent]:
    """Send 1 from each of ``values`` ``[N]`` down to ``pixels`` ``[N, C, H, W]`` under a rule.

    Returns the signal at the pixels, zero where none arrives, and what it met on the way.
    """
    if values.grad_fn is None:
        return torch.zeros_like(pixels), Descent(reaches_pixels=False)
    passed = () if rule == "gradient" else response_norms
    nodes = nodes_between(values.grad_fn, pixels, passed)
    descent = describe(nodes, passed)
    if not descent.reaches_pixels:
        return torch.zeros_like(pixels), descent
    with maps_kept():
        if rule != "gradient":
            for node, hook in _hooks(nodes, rule, response_norms):
                node.register_hook(hook)
                descent.rectified += is_rectifier(node)
        (signal,) = torch.autograd.grad(values.sum(), pixels)
    return signal, descent


@contextmanager
def maps_kept() -> Iterator[None]:
    """Raises BadModel where the forward pass has overwritten a map that the way back needs."""
    try:
        yield
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
        found = re.search(r"(\[[\d, ]*\])\], which is output \d+ of (\w+)", str(error))
        which = f"the output of {found[2]}, {found[1]}," if found else "a map"
        raise BadModel(
            f"the way back to the pixels needs {which} which the forward pass has overwritten, as y += 1 does: write "
            "y = y + 1 there, or do without: survey --project none, look --lens occlusion"
        ) from error


def _hooks(nodes: Sequence[Node], rule: Rule, response_norms: Sequence[Node]) -> Iterator[tuple[Node, Any]]:
    for node in nodes:
        if node in response_norms:
            yield node, pass_through
        elif is_rectifier(node) or operation_of(node) in SMOOTH_NODES:
            yield node, rectify(rule, node)
