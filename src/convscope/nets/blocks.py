"""What a spec is made of: one frozen value a block, whose ``str`` is its token."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from convscope.arithmetic.convolution import Padding

PoolBy = Literal["max", "mean", "l2", "stochastic"]
POOL_TOKENS: dict[PoolBy, str] = {"max": "p", "mean": "a", "l2": "l2p", "stochastic": "sp"}


@dataclass(frozen=True)
class Convolve:
    """A convolution, an optional batch norm and an activation; without ``filters`` one filter a map."""

    filters: int | None
    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: Padding = "same"
    norm: bool = False
    groups: int = 1
    activation: str = "relu"

    def __str__(self) -> str:
        head = f"dw{self.kernel}" if self.filters is None else f"{self.filters}c{self.kernel}"
        numbers = (("s", self.stride), ("x", self.dilation), ("g", self.groups))
        flags = "".join(f"{letter}{number}" for letter, number in numbers if number != 1)
        return (
            f"{head}{flags}{'bn' * self.norm}{_unlike_relu(self.activation)}{_unless(self.padding, 'same')}"
        )

    def filters_on(self, channels: int) -> int:
        """How many maps it gives for ``channels`` maps."""
        return channels if self.filters is None else self.filters

    def groups_on(self, channels: int) -> int:
        """Into how many groups that do not mix it divides ``channels`` maps."""
        return channels if self.filters is None else self.groups


@dataclass(frozen=True)
class Pool:
    """Pooling over a square window."""

    by: PoolBy
    size: int
    stride: int
    padding: Padding = "valid"

    def __str__(self) -> str:
        stride = f"s{self.stride}" if self.stride != self.size else ""
        return f"{POOL_TOKENS[self.by]}{self.size}{stride}{_unless(self.padding, 'valid')}"


@dataclass(frozen=True)
class GlobalPool:
    """The mean or maximum of each map, whatever its size; on a grid of ``bins`` x ``bins`` where more than 1."""

    by: Literal["mean", "max"] = "mean"
    bins: int = 1

    def __str__(self) -> str:
        return f"{'gap' if self.by == 'mean' else 'gmp'}{self.bins if self.bins != 1 else ''}"


@dataclass(frozen=True)
class LocalNorm:
    """Local response normalisation across neighbouring maps, with Krizhevsky's constants."""

    def __str__(self) -> str:
        return "lrn"


@dataclass(frozen=True)
class Drop:
    """Dropout of a share ``rate`` of the values, while training only."""

    rate: float

    def __str__(self) -> str:
        return f"d{Decimal(repr(self.rate)):f}"  # never 1e-05, which would not parse


@dataclass(frozen=True)
class Dense:
    """A fully connected layer and an activation."""

    width: int
    activation: str = "relu"

    def __str__(self) -> str:
        return f"fc{self.width}{_unlike_relu(self.activation)}"


Block = Convolve | Pool | GlobalPool | LocalNorm | Drop | Dense


@dataclass(frozen=True)
class Spec:
    """A typical CNN as a sequence of blocks; ``str`` gives the canonical text.

    >>> str(Spec((Convolve(32, 5), Pool("max", 2, 2), Dense(128))))
    '32c5 p2 fc128'
    """

    blocks: tuple[Block, ...]

    def __str__(self) -> str:
        return " ".join(map(str, self.blocks))


def _unlike_relu(activation: str) -> str:
    return f"-{activation}" if activation != "relu" else ""


def _unless(padding: Padding, usual: str) -> str:
    return f":{padding}" if padding != usual else ""
