"""Transposed convolution along one axis: the adjoint of a convolution, which restores its size, not its values.

Output ``(n - 1) * stride - before - after + dilation * (kernel - 1) + output_padding + 1`` (Dumoulin & Visin 2016, section 4).
"""

from convscope.arithmetic.convolution import Padding, padding_amounts, reach
from convscope.errors import BadSpec


def transposed_size(
    n: int,
    kernel: int,
    stride: int = 1,
    dilation: int = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int = 0,
) -> int:
    """The length that a transposed convolution makes of ``n``; raises BadSpec where PyTorch refuses.

    >>> transposed_size(112, kernel=7, stride=2, padding=3, output_padding=1)
    224
    """
    if not 0 <= output_padding < max(stride, dilation):
        raise BadSpec(
            f"output_padding is {output_padding}: it lies from 0 to below the larger of stride {stride} and dilation {dilation}"
        )
    before, after = (padding, padding) if isinstance(padding, int) else padding
    size = (n - 1) * stride - before - after + reach(kernel, dilation) + output_padding
    if size < 1:
        raise BadSpec(
            f"a transposed convolution of {n} with padding {before}, {after} leaves {size}: pad less"
        )
    return size


def restoring_output_padding(
    n: int, kernel: int, stride: int = 1, dilation: int = 1, padding: Padding = "valid"
) -> int:
    """The ``output_padding`` with which a transposed convolution gives back an axis of ``n`` that was convolved.

    >>> restoring_output_padding(224, kernel=7, stride=2, padding=3)
    1
    """
    return (n + sum(padding_amounts(n, kernel, stride, dilation, padding)) - reach(kernel, dilation)) % stride
