"""From a spec to a module with random weights."""

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

from convscope.nets.activation import ACTIVATIONS, GAINS
from convscope.nets.blocks import Convolve, Dense, Drop, GlobalPool, Pool, Spec
from convscope.nets.layout import Row, lay_out
from convscope.nets.padding import AveragePool, Convolution, MaxPool
from convscope.nets.pooling import L2Pool, StochasticPool
from convscope.nets.response import ResponseNorm
from convscope.nets.spec import parse

SMALL = 0.1  # of He's standard deviation


def build(spec: Spec | str, *, classes: int, channels: int, height: int, width: int) -> nn.Sequential:
    """A network whose children are named conv1, relu1, pool1, ... and last ``logits``.

    It takes ``[N, channels, height, width]`` and gives ``[N, classes]`` before the softmax. Weights are
    drawn for rectifiers (He et al. 2015, arXiv 1502.01852, equation 10) from torch's random state.

    >>> list(dict(build("4c3 p2", classes=2, channels=1, height=8, width=8).named_children()))
    ['conv1', 'relu1', 'pool1', 'flatten', 'logits']
    """
    spec = parse(spec) if isinstance(spec, str) else spec
    rows = lay_out(spec, classes=classes, channels=channels, height=height, width=width)
    net = nn.Sequential(OrderedDict((row.name, MAKERS[row.kind](row)) for row in rows))
    for row, layer in zip(rows, net, strict=True):
        _initialise(layer, row)
    if isinstance(logits := net[-1], nn.Linear):
        # every class starts out about equally likely
        nn.init.normal_(logits.weight, std=0.01)
    return net


def _initialise(layer: nn.Module, row: Row) -> None:
    if isinstance(layer, nn.Conv2d | nn.Linear):
        activation = row.block.activation if isinstance(row.block, Convolve | Dense) else "relu"
        nn.init.kaiming_normal_(layer.weight, nonlinearity=GAINS.get(activation, "relu"))
        if isinstance(layer, nn.Conv2d) and layer.bias is None:
            # the batch norm that follows makes the scale free: starting small, a kernel shows what was
            # learnt and not what was drawn (measured: kernels and projections lose their noise)
            layer.weight.data.mul_(SMALL)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _convolution(row: Row) -> nn.Module:
    block = row.block
    assert isinstance(block, Convolve)
    return Convolution(
        row.before[0],
        row.after[0],
        block.kernel,
        block.stride,
        block.dilation,
        block.padding,
        bias=not block.norm,
        groups=block.groups_on(row.before[0]),
    )


POOLS = {"max": MaxPool, "mean": AveragePool, "l2": L2Pool, "stochastic": StochasticPool}


def _pool(row: Row) -> nn.Module:
    block = row.block
    assert isinstance(block, Pool)
    return POOLS[block.by](block.size, block.stride, block.padding)


def _global_pool(row: Row) -> nn.Module:
    block = row.block
    assert isinstance(block, GlobalPool)
    kind = nn.AdaptiveAvgPool2d if block.by == "mean" else nn.AdaptiveMaxPool2d
    return kind(block.bins)


def _dropout(row: Row) -> nn.Module:
    assert isinstance(row.block, Drop)
    return nn.Dropout(row.block.rate)


def _activation(row: Row) -> nn.Module:
    return ACTIVATIONS[row.kind](row.before[0])


MAKERS: dict[str, Callable[[Row], nn.Module]] = {
    **dict.fromkeys(ACTIVATIONS, _activation),
    "conv": _convolution,
    "bn": lambda row: nn.BatchNorm2d(row.after[0]),
    "pool": _pool,
    "gap": _global_pool,
    "gmp": _global_pool,
    "lrn": lambda row: ResponseNorm(),
    "dropout": _dropout,
    "flatten": lambda row: nn.Flatten(),
    "fc": lambda row: nn.Linear(row.before[0], row.after[0]),
    "logits": lambda row: nn.Linear(row.before[0], row.after[0]),
}
