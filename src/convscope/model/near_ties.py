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
            self.tied.append(tied_windows(named["input"][0], named, pooled.shape[-2:]))
        return result


def near_ties(model: Model, pixels: Tensor, layer: Layer, field: Box) -> Counter[str]:
    """How many windows inside ``field`` are nearly tied, by the name of their max-pool, below ``layer``.

    ``pixels`` ``[C, H, W]`` are the network's input, ``field`` what a unit sees of it. Windows of zeros only are
    left out: these are the same zeros everywhere. Pools over uneven bins are not looked into.
    """
    pools = _Pools()
    with pools:
        read(model, pixels[None].to(model.device), {layer.name: lambda _: None})
    names = {found.index: found for found in model.layers.values()}
    calls = [call for call in model.record.calls[: layer.index + 1] if call.operation in POOLS]
    counts = Counter[str]()
    for call, tied in zip(calls, pools.tied, strict=True):
        if call.index not in names:
            continue
        pool = names[call.index]
        rows, columns = (
            torch.from_numpy((edges[:, 0] >= low) & (edges[:, 1] <= high)).to(tied.device)
            for edges, low, high in (
                (pool.field.rows, field.top, field.bottom),
                (pool.field.columns, field.left, field.right),
            )
        )
        counts[pool.name] += int((tied & rows[:, None] & columns).sum())
    return +counts


def tied_windows(maps: Tensor, named: dict[str, Any], size: tuple[int, int]) -> Tensor:
    """Which windows of ``maps`` ``[C, H, W]`` are nearly tied, bool ``[C, *size]``; ``named`` are the pool's arguments."""
    kernel = pair(named["kernel_size"])
    stride = pair(named.get("stride") or kernel)
    padding, dilation = pair(named.get("padding", 0)), pair(named.get("dilation", 1))
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    ends = [(size[i] - 1) * stride[i] + spans[i] - maps.shape[1 + i] - padding[i] for i in (0, 1)]
    wide = functional.pad(maps, (padding[1], ends[1], padding[0], ends[0]), value=-torch.inf)
    windows = wide.unfold(1, spans[0], stride[0]).unfold(2, spans[1], stride[1])
    values = windows[..., :: dilation[0], :: dilation[1]].flatten(3)
    if values.shape[3] < 2:
        return torch.zeros(values.shape[:3], dtype=torch.bool, device=maps.device)
    first, second = values.topk(2, dim=3).values.unbind(3)
    near = first - second <= NEAR * torch.maximum(first.abs(), second.abs())
    return near & ((first != 0) | (second != 0)) & second.isfinite()


def sentence(counts: Counter[str]) -> str:
    """The same for people; empty where there are none."""
    if not counts:
        return ""
    most, total = counts.most_common(1)[0][0], counts.total()
    which = f"{total} max-pool windows hold" if total > 1 else "1 max-pool window holds"
    return f"{which} two largest values within {NEAR:g} of each other (most in {most}): another machine may choose the other"
