"""The readable spec of a typical CNN: ``32c5 p2 64c3 p2 fc128``.

    <filters>c<kernel>[s<stride>][x<dilation>][g<groups>][bn][-activation][:padding]
                                    convolution, (batch norm,) activation
    dw<kernel>...                   depthwise convolution: one filter a map
    p<size>[s<stride>][:padding]    max pooling; a<size> average, l2p<size> L2, sp<size> stochastic
    gap  gmp                        mean, maximum of each map; gap6, gmp6 on a grid of 6 x 6
    lrn                             local response normalisation
    d<rate>                         dropout
    fc<width>[-activation]          fully connected, activation

Padding is ``valid``, ``same``, ``full``, ``causal`` or a number of pixels per side; it defaults to
``same`` for convolutions and ``valid`` for pooling, whose stride defaults to its size. The activation
defaults to ``relu``. The last layer, one output per class, is implied.
"""

import re
from collections.abc import Callable

from convscope.arithmetic.convolution import PADDINGS, Padding
from convscope.errors import BadSpec
from convscope.nets.activation import ACTIVATIONS, LINEAR
from convscope.nets.blocks import (
    POOL_TOKENS,
    Block,
    Convolve,
    Dense,
    Drop,
    GlobalPool,
    LocalNorm,
    Pool,
    PoolBy,
    Spec,
)

EXAMPLE = "32c5 p2 64c3 p2 fc128"
PADDING_TEXT = rf"(?::(?P<padding>{'|'.join(PADDINGS)}|\d+))?"
ACTIVATION_TEXT = r"(?:-(?P<activation>[a-z0-9]+))?"


def parse(text: str) -> Spec:
    """Read a spec; raises BadSpec naming the token, its place and an example.

    >>> str(parse("32c5s1:same  p2s2 fc128"))
    '32c5 p2 fc128'
    """
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
    """The block itself, where all its numbers and names make sense."""
    here = f"{token!r}, token {place} of the network spec"
    least = {"padding": 0}
    for name, value in vars(block).items():
        if name == "rate" and not 0 <= value < 1:
            raise BadSpec(f"{here}: a rate lies in [0, 1)")
        if name == "activation" and value not in (*ACTIVATIONS, LINEAR):
            choices = ", ".join((*ACTIVATIONS, LINEAR))
            raise BadSpec(f"{here}: unknown activation {value!r}: choose one of {choices}")
        if type(value) is int and value < least.get(name, 1):
            raise BadSpec(f"{here}: {name} starts at 1")
    if isinstance(block, Convolve) and (block.filters or 0) % block.groups:
        raise BadSpec(f"{here}: {block.filters} filters cannot be divided into {block.groups} equal groups")
    return block


def _padding(found: re.Match[str], default: str) -> Padding:
    text = found["padding"] or default
    return int(text) if text.isdigit() else text


def _convolve(found: re.Match[str]) -> Block:
    flags = dict(re.findall(r"([sxg])(\d+)", found["flags"]))
    return Convolve(
        filters=int(found["filters"]) if found["filters"] else None,
        kernel=int(found["kernel"]),
        stride=int(flags.get("s", 1)),
        dilation=int(flags.get("x", 1)),
        padding=_padding(found, "same"),
        norm="bn" in found["flags"],
        groups=int(flags.get("g", 1)),
        activation=found["activation"] or "relu",
    )


def _pool(found: re.Match[str]) -> Block:
    size = int(found["size"])
    by: PoolBy = next(kind for kind, token in POOL_TOKENS.items() if token == found["by"])
    return Pool(by, size, int(found["stride"] or size), _padding(found, "valid"))


def _global_pool(found: re.Match[str]) -> Block:
    return GlobalPool("mean" if found["by"] == "gap" else "max", int(found["bins"] or 1))


def _flags(letters: str) -> str:
    """Flags in any order, none twice."""
    return rf"(?P<flags>(?![^:-]*(?P<twice>[{letters}]|bn)[^:-]*(?P=twice))(?:[{letters}]\d+|bn)*)"


TAIL = ACTIVATION_TEXT + PADDING_TEXT
GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Block]], ...] = (
    (re.compile(rf"(?P<filters>\d+)c(?P<kernel>\d+){_flags('sxg')}{TAIL}"), _convolve),
    (re.compile(rf"(?P<filters>)dw(?P<kernel>\d+){_flags('sx')}{TAIL}"), _convolve),
    (re.compile(rf"(?P<by>p|a|l2p|sp)(?P<size>\d+)(?:s(?P<stride>\d+))?{PADDING_TEXT}"), _pool),
    (re.compile(r"(?P<by>gap|gmp)(?P<bins>\d*)"), _global_pool),
    (re.compile(r"lrn"), lambda found: LocalNorm()),
    (re.compile(r"d(?P<rate>\d*\.?\d+)"), lambda found: Drop(float(found["rate"]))),
    (
        re.compile(rf"fc(?P<width>\d+){ACTIVATION_TEXT}"),
        lambda found: Dense(int(found["width"]), found["activation"] or "relu"),
    ),
)
