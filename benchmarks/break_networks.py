"""The networks of the break table: one small network, its rectifiers, sums and windows written in many ways."""

import copy
import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 32
PLACES = ("first", "second", "third", "fourth")


class Rule(torch.autograd.Function):
    """``shape`` forward; backward g·[g > 0] for the deconvnet, g·f'(x)·[g·f'(x) > 0] for guided."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shape: Callable[[Tensor], Tensor], rule: str) -> Tensor:
        with torch.enable_grad():
            inner = x.detach().requires_grad_(True)
            ctx.slope = torch.autograd.grad(shape(inner).sum(), inner)[0]
        ctx.rule = rule
        return shape(x.detach())

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> Any:
        signal = signals[0] if ctx.rule == "deconvnet" else signals[0] * ctx.slope
        return signal if ctx.rule == "gradient" else signal.clamp(min=0), None, None


@dataclass(frozen=True)
class Writing:
    """One way to write a network: its rectifier (made once, or once a place), its sum and its windows."""

    rectifier: Callable[[], Callable[[Tensor], Tensor]]
    shape: Callable[[Tensor], Tensor] = functional.relu
    shared: int = 0  # so many calls of one rectifier
    residual: str = ""
    pad: Callable[[Tensor], Tensor] | None = None
    convolution: Callable[[int, int], nn.Module] = lambda i, o: nn.Conv2d(i, o, 3, padding=1)
    pool: Callable[[], nn.Module] = lambda: nn.MaxPool2d(2)
    before: Callable[[Tensor], Tensor] = lambda x: x


class Small(nn.Module):
    """Four convolutions, four rectifiers, two max-pools and a linear layer."""

    def __init__(self, writing: Writing) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.writing = writing
        self.conv1, self.conv2 = writing.convolution(3, 8), writing.convolution(8, 8)
        self.conv3, self.conv4 = nn.Conv2d(8, 12, 3, padding=1), nn.Conv2d(12, 12, 3, padding=1)
        self.pool1, self.pool2 = writing.pool(), writing.pool()
        self.head = nn.LazyLinear(5)
        self.first = writing.rectifier()
        for number, place in enumerate(PLACES[1:], 2):
            setattr(self, place, self.first if number <= writing.shared else writing.rectifier())
        self.eval()(torch.zeros(1, 3, SIDE, SIDE))

    def forward(self, x: Tensor) -> Tensor:
        x = self.writing.before(x)
        a = self.first(self.conv1(self.padded(x)))
        b = self.conv2(self.padded(a))
        if self.writing.residual == "+":
            b = b + a
        elif self.writing.residual == "+=":
            b += a
        b = self.pool1(self.second(b))
        c = self.pool2(self.third(self.conv3(b)))
        return self.head(self.fourth(self.conv4(c)).flatten(1))

    def padded(self, x: Tensor) -> Tensor:
        return x if self.writing.pad is None else self.writing.pad(x)


def literal(module: Small, rule: str) -> tuple[Small, list[Tensor]]:
    """The same network with the textbook's line at every rectifier, and what its rectifiers give out, in order."""
    twin, shape, seen = copy.deepcopy(module), module.writing.shape, []

    def rectify(x: Tensor) -> Tensor:
        seen.append(Rule.apply(x, shape, rule))
        return seen[-1]

    for place in PLACES:
        twin._modules.pop(place, None)
        object.__setattr__(twin, place, rectify)
    return twin, seen


@functools.cache
def traced() -> Callable[[Tensor], Tensor]:
    """A rectifier that TorchScript traced; with something else, so that it stays opaque."""
    with warnings.catch_warnings(action="ignore"):
        return torch.jit.trace(lambda x: torch.relu(x) * 1.0, torch.ones(1, 4, 8, 8))


class Custom(torch.autograd.Function):
    """A rectifier somebody wrote by hand, with the plain gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> Any:
        return signals[0] * (ctx.saved_tensors[0] > 0)


def function(f: Callable[[Tensor], Tensor]) -> Callable[[], Callable[[Tensor], Tensor]]:
    return lambda: f


RECTIFIERS: dict[str, Writing] = {
    "nn.ReLU modules": Writing(nn.ReLU),
    "nn.ReLU(inplace=True)": Writing(lambda: nn.ReLU(inplace=True)),
    "one nn.ReLU for all four calls": Writing(nn.ReLU, shared=4),
    "one in-place nn.ReLU for all four calls": Writing(lambda: nn.ReLU(inplace=True), shared=4),
    "nn.ReLU, residual +": Writing(nn.ReLU, residual="+"),
    "nn.ReLU(inplace=True), residual +=": Writing(lambda: nn.ReLU(inplace=True), residual="+="),
    "F.relu": Writing(function(functional.relu)),
    "F.relu(inplace=True)": Writing(function(lambda x: functional.relu(x, inplace=True))),
    "torch.relu": Writing(function(torch.relu)),
    "x.relu()": Writing(function(lambda x: x.relu())),
    "x.relu_()": Writing(function(lambda x: x.relu_())),
    "F.threshold(x, 0, 0)": Writing(function(lambda x: functional.threshold(x, 0.0, 0.0))),
    "x.clamp(min=0)": Writing(function(lambda x: x.clamp(min=0))),
    "x * (x > 0)": Writing(function(lambda x: x * (x > 0))),
    "torch.where(x > 0, x, 0)": Writing(function(lambda x: torch.where(x > 0, x, torch.zeros(())))),
    "torch.maximum(x, 0)": Writing(function(lambda x: torch.maximum(x, torch.zeros(())))),
    "x.masked_fill(x < 0, 0)": Writing(function(lambda x: x.masked_fill(x < 0, 0.0))),
    "(x + |x|) / 2": Writing(function(lambda x: (x + x.abs()) / 2)),
    "a traced (TorchScript) rectifier": Writing(function(lambda x: traced()(x))),
    "an autograd.Function of one's own": Writing(function(Custom.apply)),
    "nn.ReLU6": Writing(nn.ReLU6, functional.relu6),
    "nn.SiLU": Writing(nn.SiLU, functional.silu),
    "nn.GELU": Writing(nn.GELU, functional.gelu),
}  # fmt: skip

WINDOWS: dict[str, Writing] = {
    "padding 'same', an even kernel": Writing(
        nn.ReLU, convolution=lambda i, o: nn.Conv2d(i, o, 4, padding="same")
    ),
    "padding wider than the kernel needs": Writing(
        nn.ReLU, convolution=lambda i, o: nn.Conv2d(i, o, 3, padding=3)
    ),
    "F.pad on two sides only": Writing(
        nn.ReLU,
        pad=lambda x: functional.pad(x, (0, 1, 0, 1)),
        convolution=lambda i, o: nn.Conv2d(i, o, 3, stride=2),
    ),
    "padding that reflects": Writing(
        nn.ReLU, convolution=lambda i, o: nn.Conv2d(i, o, 3, padding=1, padding_mode="reflect")
    ),
    "padding that wraps around": Writing(
        nn.ReLU, convolution=lambda i, o: nn.Conv2d(i, o, 3, padding=1, padding_mode="circular")
    ),
    "pools with ceil_mode": Writing(nn.ReLU, pool=lambda: nn.MaxPool2d(3, 2, ceil_mode=True)),
    "pools that overlap and pad": Writing(nn.ReLU, pool=lambda: nn.MaxPool2d(3, 2, padding=1)),
    "dilated convolutions": Writing(
        nn.ReLU, convolution=lambda i, o: nn.Conv2d(i, o, 3, padding=2, dilation=2)
    ),
}
