"""The readable spec of a typical CNN: ``32c5 p2 64c3 p2 fc128``.

    <filters>c<kernel>[s<stride>][x<dilation>][bn][:padding]   convolution, (batch norm,) ReLU
    p<size>[s<stride>][:padding]    max pooling          a<size>...    average pooling
    gap     mean over each map      d<rate>  dropout     fc<width>     fully connected, ReLU

Padding is ``valid``, ``same``, ``full``, ``causal`` or a number of pixels per side; it defaults to
``same`` for convolutions and ``valid`` for pooling, whose stride defaults to its size. The last layer, one
output per class, is implied.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from convscope.errors import BadSpec
from convscope.plain.convolution import PADDINGS, Padding

EXAMPLE = "32c5 p2 64c3 p2 fc128"
PADDING_TEXT = rf"(?::(?P<padding>{'|'.join(PADDINGS)}|\d+))?"


@dataclass(frozen=True)
class Convolve:
    """A convolution, an optional batch norm and a ReLU."""

    filters: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: Padding = "same"
    norm: bool = False

    def __str__(self) -> str:
        stride = f"s{self.stride}" if self.stride != 1 else ""
        dilation = f"x{self.dilation}" if self.dilation != 1 else ""
        padding = f":{self.padding}" if self.padding != "same" else ""
        return f"{self.filters}c{self.kernel}{stride}{dilation}{'bn' * self.norm}{padding}"


@dataclass(frozen=True)
class Pool:
    """Pooling over a square window, by maximum or by mean."""

    by: Literal["max", "mean"]
    size: int
    stride: int
    padding: Padding = "valid"

    def __str__(self) -> str:
        stride = f"s{self.stride}" if self.stride != self.size else ""
        padding = f":{self.padding}" if self.padding != "valid" else ""
        return f"{'p' if self.by == 'max' else 'a'}{self.size}{stride}{padding}"


@dataclass(frozen=True)
class GlobalPool:
    """The mean of each map, whatever its size."""

    def __str__(self) -> str:
        return "gap"


@dataclass(frozen=True)
class Drop:
    """Dropout of a share ``rate`` of the values, while training only."""

    rate: float

    def __str__(self) -> str:
        return f"d{Decimal(repr(self.rate)):f}"  # never 1e-05, which would not parse


@dataclass(frozen=True)
class Dense:
    """A fully connected layer and a ReLU."""

    width: int

    def __str__(self) -> str:
        return f"fc{self.width}"


Block = Convolve | Pool | GlobalPool | Drop | Dense


@dataclass(frozen=True)
class Spec:
    """A typical CNN as a sequence of blocks; ``str`` gives the canonical text back.

    >>> str(parse("32c5s1:same  p2s2 fc128"))
    '32c5 p2 fc128'
    """

    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.blocks))


def parse(text: str) -> Spec:
    """Read a spec; raises BadSpec naming the token, its place and an example."""
    tokens = text.split()
    if not tokens:
        raise BadSpec(f"the network spec is empty: write for example {EXAMPLE!r}")
    return Spec(tuple(_block(token, place) for place, token in enumerate(tokens, 1)))


def _block(token: str, place: int) -> Block:
    for pattern, make in GRAMMAR:
        if found := pattern.fullmatch(token):
            return _checked(make(found), token, place)
    raise BadSpec(f"cannot read {token!r}, token {place} of the network spec: write for example {EXAMPLE!r}")


def _checked(block: Block, token: str, place: int) -> Block:
    """The block itself, where all its numbers make sense."""
    least = {"padding": 0}
    for name, value in vars(block).items():
        if name == "rate" and not 0 <= value < 1:
            raise BadSpec(f"{token!r}, token {place} of the network spec: a rate lies in [0, 1)")
        if type(value) is int and value < least.get(name, 1):
            raise BadSpec(f"{token!r}, token {place} of the network spec: {name} starts at 1")
    return block


def _padding(found: re.Match[str], default: str) -> Padding:
    text = found["padding"] or default
    return int(text) if text.isdigit() else text


def _convolve(found: re.Match[str]) -> Block:
    flags = dict(re.findall(r"([sx])(\d+)", found["flags"]))
    return Convolve(
        filters=int(found["filters"]),
        kernel=int(found["kernel"]),
        stride=int(flags.get("s", 1)),
        dilation=int(flags.get("x", 1)),
        padding=_padding(found, "same"),
        norm="bn" in found["flags"],
    )


def _pool(found: re.Match[str]) -> Block:
    size = int(found["size"])
    by: Literal["max", "mean"] = "max" if found["by"] == "p" else "mean"
    return Pool(by, size, int(found["stride"] or size), _padding(found, "valid"))


# any order, none twice
FLAGS = r"(?P<flags>(?![^:]*(?P<twice>s|x|bn)[^:]*(?P=twice))(?:s\d+|x\d+|bn)*)"
GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Block]], ...] = (
    (re.compile(rf"(?P<filters>\d+)c(?P<kernel>\d+){FLAGS}{PADDING_TEXT}"), _convolve),
    (re.compile(rf"(?P<by>[pa])(?P<size>\d+)(?:s(?P<stride>\d+))?{PADDING_TEXT}"), _pool),
    (re.compile(r"gap"), lambda found: GlobalPool()),
    (re.compile(r"d(?P<rate>\d*\.?\d+)"), lambda found: Drop(float(found["rate"]))),
    (re.compile(r"fc(?P<width>\d+)"), lambda found: Dense(int(found["width"]))),
)
