"""What a spec becomes for one input size: every layer by name, with its shapes and its cost."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from convscope.arithmetic.convolution import output_size, reach
from convscope.errors import BadSpec
from convscope.nets.activation import LINEAR, NEVER_NEGATIVE
from convscope.nets.blocks import Block, Convolve, Dense, Drop, GlobalPool, LocalNorm, Pool, Spec

Kind = str  # conv, bn, pool, gap, gmp, lrn, dropout, flatten, fc, logits, or an activation
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One layer of the laid-out network: shapes are (channels, height, width) or (width,)."""

    name: str
    kind: Kind
    before: Shape
    after: Shape
    block: Block | None = None

    @property
    def parameters(self) -> int:
        """Trained numbers, biases included; a convolution under a batch norm has no bias."""
        if isinstance(self.block, Convolve) and self.kind == "conv":
            return self.after[0] * self._taps + (0 if self.block.norm else self.after[0])
        if self.kind in ("fc", "logits"):
            return (self.before[0] + 1) * self.after[0]
        return {"bn": 2, "prelu": 1}.get(self.kind, 0) * self.after[0]

    @property
    def multiply_adds(self) -> int:
        """Multiplications with a weight for one image; normalisation and pooling count as none."""
        if self.kind == "conv":
            return prod(self.after) * self._taps
        return self.before[0] * self.after[0] if self.kind in ("fc", "logits") else 0

    @property
    def _taps(self) -> int:
        """Weights of one filter: it reads only its own group of maps."""
        assert isinstance(self.block, Convolve)
        return self.before[0] // self.block.groups_on(self.before[0]) * self.block.kernel**2

    @property
    def dense_parameters(self) -> int | None:
        """What a fully connected layer in place of this convolution would have cost."""
        return (prod(self.before) + 1) * prod(self.after) if self.kind == "conv" else None


def lay_out(spec: Spec, *, classes: int, channels: int, height: int, width: int) -> tuple[Row, ...]:
    """Every layer in running order; raises BadSpec where a window does not fit its map.

    >>> from convscope.nets.spec import parse
    >>> [row.name for row in lay_out(parse("4c3 p2"), classes=2, channels=1, height=8, width=8)]
    ['conv1', 'relu1', 'pool1', 'flatten', 'logits']
    """
    rows: list[Row] = []
    counts: dict[str, int] = {}

    def add(kind: Kind, after: Shape, block: Block | None = None) -> None:
        counts[kind] = counts.get(kind, 0) + 1
        name = kind if kind in ("flatten", "logits") else f"{kind}{counts[kind]}"
        before = rows[-1].after if rows else (channels, height, width)
        rows.append(Row(name, kind, before, after, block))

    for block in (*spec.blocks, None):
        shape = rows[-1].after if rows else (channels, height, width)
        if len(shape) > 1 and (block is None or isinstance(block, Dense)):
            add("flatten", (prod(shape),))
        _check_signs(block, [row.kind for row in rows])
        for kind, after in _steps(block, shape, classes):
            add(kind, after, block)
    return tuple(rows)


def _steps(block: Block | None, shape: Shape, classes: int) -> Iterator[tuple[Kind, Shape]]:
    """The layers of one block and the shape after each; no block is the last layer."""
    if block is None:
        yield "logits", (classes,)
    elif isinstance(block, Dense):
        yield "fc", (block.width,)
        yield from _activation(block, (block.width,))
    elif isinstance(block, Drop):
        yield "dropout", shape
    elif len(shape) == 1:
        raise BadSpec(f"{str(block)!r} needs maps, but a fully connected layer comes before it")
    elif isinstance(block, LocalNorm):
        yield "lrn", shape
    elif isinstance(block, GlobalPool):
        yield "gap" if block.by == "mean" else "gmp", (shape[0], block.bins, block.bins)
    elif isinstance(block, Pool):
        yield "pool", (shape[0], *_slid(block, shape, block.size, 1))
    else:
        after = (block.filters_on(shape[0]), *_slid(block, shape, block.kernel, block.dilation))
        if shape[0] % block.groups:
            raise BadSpec(
                f"{str(block)!r} cannot divide the {shape[0]} maps before it into {block.groups} equal groups"
            )
        yield "conv", after
        if block.norm:
            yield "bn", after
        yield from _activation(block, after)


def _activation(block: Convolve | Dense, shape: Shape) -> Iterator[tuple[Kind, Shape]]:
    if block.activation != LINEAR:
        yield block.activation, shape


def _check_signs(block: Block | None, kinds: list[Kind]) -> None:
    """Stochastic pooling draws values by their size, which makes no sense of negative ones."""
    if not (isinstance(block, Pool) and block.by == "stochastic"):
        return
    weighted = [at for at, kind in enumerate(kinds) if kind in ("conv", "fc")]
    if not weighted or not NEVER_NEGATIVE & set(kinds[weighted[-1] :]):
        choices = ", ".join(sorted(NEVER_NEGATIVE))
        raise BadSpec(
            f"{str(block)!r} draws each value by its size, so none may be negative: activate with {choices}"
        )


def _slid(block: Convolve | Pool, shape: Shape, kernel: int, dilation: int) -> Shape:
    """(height, width) after sliding the block's window over maps of ``shape``."""
    height, width = (output_size(n, kernel, block.stride, dilation, block.padding) for n in shape[1:])
    if min(height, width) < 1:
        raise BadSpec(
            f"{str(block)!r} does not fit: its window spans {reach(kernel, dilation)} pixels, the map "
            f"before it is {shape[1]}x{shape[2]}. Use a larger image size or fewer poolings."
        )
    return height, width
