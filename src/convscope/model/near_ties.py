"""Max-pool windows whose two largest values are nearly equal: another machine may choose the other one."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import MAX_POOLS, arguments, canonical
from convscope.model.reading import read
from convscope.model.region import pair
from convscope.model.watch import Watch
from convscope.plain.boxes import Box

NEAR = 1e-5  # of the larger absolute value
POOLS = MAX_POOLS - {"adaptive_max_pool2d", "max_pool1d"}


class _Pools(Watch):
    """Keeps which windows of each max-pool are nearly tied, ``[C, h, w]``, in running order."""

    def __init__(self) -> None:
        super().__init__()
        self.tied: list[Tensor] = []

    def _meet(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        result, operation = func(*args, **kwargs), canonical(func)
        if operation in POOLS:
            pooled = result[0] if isinstance(result, tuple) else result
            named = arguments(operation, args, kwargs)
            self.tied.append(tied_windows(named["input"][0], pooled[0], named))
        return result


def near_ties(model: Model, pixels: Tensor, layer: Layer, field: Box) -> Counter[str]:
    """How many windows inside ``field`` are nearly tied, by the name of their max-pool, below ``layer``.

    ``pixels`` ``[C, H, W]`` are the network's input, ``field`` what a unit sees of it. Windows of zeros only are
    left out: these are the same zeros everywhere. Pools over uneven bins are not looked into.
    """
    by_index = {found.index: found for found in model.layers.values()}
    indices = [n for n, call in enumerate(model.record.calls[: layer.index + 1]) if call.operation in POOLS]
    counts, pools = Counter[str](), _Pools()
    if not indices:
        return counts
    with pools:  # no further than the last of them
        read(model, pixels[None].to(model.device), {by_index.get(indices[-1], layer).name: lambda _: None})
    for index, tied in zip(indices, pools.tied, strict=True):
        if index not in by_index:  # not a map, so there is no saying what it sees
            continue
        pool = by_index[index]
        rows, columns = (
            torch.from_numpy((edges[:, 0] >= low) & (edges[:, 1] <= high)).to(tied.device)
            for edges, low, high in (
                (pool.field.rows, field.top, field.bottom),
                (pool.field.columns, field.left, field.right),
            )
        )
        counts[pool.name] += int((tied & rows[:, None] & columns).sum())
    return +counts


def tied_windows(maps: Tensor, pooled: Tensor, named: dict[str, Any]) -> Tensor:
    """Which windows of ``maps`` ``[C, H, W]`` are nearly tied, bool ``[C, h, w]``.

    ``pooled`` ``[C, h, w]`` is what the max-pool with the arguments ``named`` made of them.
    """
    kernel = pair(named["kernel_size"])
    steps = [pair(named.get(name) or usual) for name, usual in (("stride", kernel), ("dilation", 1))]
    before, lengths = pair(named.get("padding", 0)), []
    for axis, (stride, dilation) in enumerate(zip(*steps, strict=True)):
        lengths.append((pooled.shape[1 + axis] - 1) * stride + (kernel[axis] - 1) * dilation + 1)
    after = [lengths[axis] - maps.shape[1 + axis] - before[axis] for axis in (0, 1)]
    wide = functional.pad(maps, (before[1], after[1], before[0], after[0]), value=-torch.inf)
    enough, close = pooled - NEAR * pooled.abs(), torch.zeros_like(pooled, dtype=torch.int32)
    rows, columns = (
        [
            slice(at, lengths[axis] - (kernel[axis] - 1) * dilation + at, stride)
            for at in range(0, kernel[axis] * dilation, dilation)
        ]
        for axis, (stride, dilation) in enumerate(zip(*steps, strict=True))
    )
    for row in rows:  # a place of all windows at once
        for column in columns:
            close += wide[:, row, column] >= enough
    return (close > 1) & (pooled != 0)


def sentence(counts: Counter[str]) -> str:
    """The same for people; empty where there are none."""
    if not counts:
        return ""
    most, total = counts.most_common(1)[0][0], counts.total()
    which = f"{total} max-pool windows hold" if total > 1 else "1 max-pool window holds"
    return f"{which} two largest values within {NEAR:g} of each other (most in {most}): another machine may choose the other"
