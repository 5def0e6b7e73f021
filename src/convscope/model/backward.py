"""Backward rules: hooks on the nodes of the autograd graph between a unit and the pixels.

Plain gradient, deconvnet and guided backpropagation differ only in what a rectifier does to the signal
on its way down (Simonyan et al. 2013; Zeiler & Fergus 2013; Springenberg et al. 2014). The forward pass
is the user's own and is never altered.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import Node

Rule = Literal["gradient", "deconvnet", "guided"]
Signals = tuple[Tensor | None, ...]

RECTIFIER_NODES = {"ReluBackward0": "relu", "HardtanhBackward0": "relu6", "ThresholdBackward0": "threshold"}
SMOOTH_NODES = {
    "SiluBackward0": "silu", "GeluBackward0": "gelu", "HardswishBackward0": "hardswish", "MishBackward0": "mish",
    "EluBackward0": "elu", "LeakyReluBackward0": "leaky relu", "PreluKernelBackward0": "prelu",
    "SoftplusBackward0": "softplus", "CeluBackward0": "celu", "RreluWithNoiseBackward0": "rrelu",
}  # fmt: skip
POOL_NODES = {"MaxPool2DWithIndicesBackward0", "AdaptiveMaxPool2DBackward0", "MaxPool1DWithIndicesBackward0"}
# nodes whose backward depends on the values that went forward, besides rectifiers and pools
GATE_NODES = {
    "SigmoidBackward0": "sigmoid", "TanhBackward0": "tanh", "HardsigmoidBackward0": "hardsigmoid",
    "SoftmaxBackward0": "softmax", "LogSoftmaxBackward0": "log softmax",
    "NativeLayerNormBackward0": "layer norm", "NativeGroupNormBackward0": "group norm",
    "PowBackward0": "power", "BmmBackward0": "matrix product", "ExpBackward0": "exponential",
}  # fmt: skip
DISGUISED_NODES = {
    "WhereBackward0": "where", "MaximumBackward0": "maximum", "MinimumBackward0": "minimum",
    "ClampMinBackward0": "clamp", "ClampBackward0": "clamp", "ClampBackward1": "clamp",
    "ClampMinBackward1": "clamp", "AbsBackward0": "abs", "MaxBackward0": "max",
}  # fmt: skip


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


def nodes_between(top: Node, pixels: Tensor) -> list[Node]:
    """The nodes on some way from ``top`` down to ``pixels``, without those that lead only to weights."""
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
            stack.extend((below, False) for below, _ in node.next_functions if below is not None)
    leads: set[Node] = set()
    for node in order:  # every node comes after all that lies below it
        is_pixels = getattr(node, "variable", None) is pixels
        if is_pixels or any(below in leads for below, _ in node.next_functions):
            leads.add(node)
    return [node for node in order if node in leads]


def describe(nodes: Sequence[Node]) -> Descent:
    """Count rectifiers, pools and whatever a rule has no answer to."""
    descent = Descent(reaches_pixels=bool(nodes))
    for node in nodes:
        name = node.name()
        if is_rectifier(node):
            descent.rectifiers += 1
        elif name in POOL_NODES:
            descent.pools += 1
        for table, count in (
            (SMOOTH_NODES, descent.smooth), (GATE_NODES, descent.gates), (DISGUISED_NODES, descent.disguised),
        ):  # fmt: skip
            if name in table:
                count[table[name]] += 1
        if name == "MulBackward0" and len(_paths(node, nodes)) > 1:
            descent.gates["product of two maps"] += 1
        if isinstance(node, BackwardCFunction):  # written in Python or compiled: nobody can see inside
            descent.opaque[name] += 1
    return descent


def _paths(node: Node, nodes: Sequence[Node]) -> list[Node]:
    known = set(nodes)
    return [below for below, _ in node.next_functions if below in known]


def is_rectifier(node: Node) -> bool:
    """Nodes that clip at zero from below; a hardtanh only where its floor is zero, as in ReLU6."""
    name = node.name()
    return name in RECTIFIER_NODES and (name != "HardtanhBackward0" or node._saved_min_val == 0)  # type: ignore[attr-defined]


def rectify(rule: Rule) -> Callable[[Signals, Signals], Signals]:
    """What a rectifier hands down: ``deconvnet`` g·[g > 0], ``guided`` g·[x > 0]·[g > 0]."""

    def hook(downward: Signals, upward: Signals) -> Signals:
        signal = upward[0] if rule == "deconvnet" else downward[0]
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
    nodes = nodes_between(values.grad_fn, pixels)
    descent = describe(nodes)
    if rule != "gradient":
        for node, hook in _hooks(nodes, rule, response_norms):
            node.register_hook(hook)
            descent.rectified += is_rectifier(node)
    if not descent.reaches_pixels:
        return torch.zeros_like(pixels), descent
    (signal,) = torch.autograd.grad(values.sum(), pixels)
    return signal, descent


def _hooks(nodes: Sequence[Node], rule: Rule, response_norms: Sequence[Node]) -> Iterator[tuple[Node, Any]]:
    hook = rectify(rule)
    for node in nodes:
        if node in response_norms:
            yield node, pass_through
        elif is_rectifier(node) or node.name() in SMOOTH_NODES:
            yield node, hook
