"""Convolution arithmetic along one axis: sizes, padding and how often each pixel is read.

Throughout, ``n`` is the length of the axis and ``k_e = dilation * (kernel - 1) + 1`` the reach of the
kernel; the output has ``floor((n + before + after - k_e) / stride) + 1`` positions (Dumoulin & Visin
2016, arXiv 1603.07285). Pooling follows the same rules; with ``ceil`` it rounds up as PyTorch does.
"""

import numpy as np

from convscope.errors import BadSpec

PADDINGS = ("valid", "same", "full", "causal")
SAME = {
    "same": "same",
    "same-tensorflow": "same",
    "same-pytorch": "same",
}  # equal where all exist: at stride 1
Padding = str | int | tuple[int, int]


def reach(kernel: int, dilation: int = 1) -> int:
    """How many neighbouring inputs one position spans.

    >>> reach(3, dilation=2)
    5
    """
    return dilation * (kernel - 1) + 1


def padding_amounts(
    n: int, kernel: int, stride: int = 1, dilation: int = 1, padding: Padding = "valid"
) -> tuple[int, int]:
    """Zeros added (before, after) an axis of ``n``; raises BadSpec for an unknown padding.

    ``valid`` adds none; ``same`` gives ``ceil(n / stride)`` outputs, the odd zero after, as TensorFlow
    (``same-tensorflow``); ``same-pytorch`` is the same at stride 1 and refused beyond, as PyTorch does;
    ``full`` adds ``k_e - 1`` on both sides, ``causal`` only before; a number adds itself on both sides,
    a pair is (before, after).

    >>> padding_amounts(224, kernel=7, stride=2, padding="same")
    (2, 3)
    """
    edge = reach(kernel, dilation) - 1
    if padding == "valid":
        return 0, 0
    if padding == "full":
        return edge, edge
    if padding == "causal":
        return edge, 0
    if isinstance(padding, str) and padding in SAME:
        total = max((-(-n // stride) - 1) * stride + edge + 1 - n, 0)
        amounts = total // 2, total - total // 2
        return amounts if padding != "same-pytorch" or stride == 1 else _refuse_same(stride, edge, amounts)
    return _by_number(padding)


def _by_number(padding: Padding) -> tuple[int, int]:
    amounts = (padding, padding) if isinstance(padding, int) else padding
    if not isinstance(amounts, str) and len(amounts) == 2 and min(amounts) >= 0:
        return amounts[0], amounts[1]
    raise BadSpec(
        f"unknown padding {padding!r}: choose {', '.join(PADDINGS)}, a number of pixels from 0, or two (before, after)"
    )


def _refuse_same(stride: int, edge: int, amounts: tuple[int, int]) -> tuple[int, int]:
    raise BadSpec(
        f"padding 'same-pytorch' at stride {stride}: PyTorch's padding='same' is not supported for strided convolutions; "
        f"choose 'same-tensorflow' ({amounts[0]} before, {amounts[1]} after) or {edge // 2} pixels per side"
    )


def output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    padding: Padding = "valid",
    *,
    ceil: bool = False,
) -> int:
    """Positions that a window visits along an axis of ``n``; 0 where the kernel does not fit.

    With ``ceil`` a last window may hang over the end, unless it would start wholly in the padding after.

    >>> output_size(5, kernel=3, padding="full"), output_size(110, 3, stride=2, ceil=True)
    (7, 55)
    """
    before, after = padding_amounts(n, kernel, stride, dilation, padding)
    room = n + before + after - reach(kernel, dilation)
    if not ceil:
        return max(room // stride + 1, 0)
    outputs = max(-(-room // stride) + 1, 0)
    return outputs - (outputs > 0 and (outputs - 1) * stride >= n + before)


def size_formula(
    n: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    padding: Padding = "valid",
    *,
    ceil: bool = False,
) -> str:
    """The same with its numbers, as written on a blackboard.

    >>> size_formula(224, kernel=7, stride=2, padding=3)
    'floor((224 + 3 + 3 - 7) / 2) + 1 = 112'
    """
    before, after = padding_amounts(n, kernel, stride, dilation, padding)
    outputs = output_size(n, kernel, stride, dilation, padding, ceil=ceil)
    span = f"({dilation} * ({kernel} - 1) + 1)" if dilation > 1 else str(kernel)
    return f"{'ceil' if ceil else 'floor'}(({n} + {before} + {after} - {span}) / {stride}) + 1 = {outputs}"


def visits(
    n: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    padding: Padding = "valid",
    *,
    ceil: bool = False,
) -> tuple[int, ...]:
    """How many outputs read each of the ``n`` inputs.

    >>> visits(5, kernel=3, padding="same")
    (2, 3, 3, 3, 2)
    """
    before, _ = padding_amounts(n, kernel, stride, dilation, padding)
    starts = np.arange(output_size(n, kernel, stride, dilation, padding, ceil=ceil)) * stride - before
    read = (starts[:, None] + np.arange(kernel) * dilation).ravel()
    inside = read[(read >= 0) & (read < n)]
    return tuple(int(count) for count in np.bincount(inside, minlength=n))


def dropped(
    n: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    padding: Padding = "valid",
    *,
    ceil: bool = False,
) -> int:
    """How many inputs at the end lie beyond the last window, because a further step would leave the axis.

    >>> dropped(10, kernel=3, stride=2)
    1
    """
    before, _ = padding_amounts(n, kernel, stride, dilation, padding)
    outputs = output_size(n, kernel, stride, dilation, padding, ceil=ceil)
    end = (outputs - 1) * stride - before + reach(kernel, dilation)
    return min(max(n - end, 0), n) if outputs else n
