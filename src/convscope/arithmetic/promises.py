"""What courses promise about one axis of a convolution, and where stride or size breaks it.

``same`` keeps the size, ``full`` visits every pixel equally often, every pixel is read, a padding that
gives the size of ``same`` is ``same``: all of this holds at stride 1 with an odd kernel, little of it beyond.
"""

from collections.abc import Iterator

from convscope.arithmetic.convolution import (
    SAME,
    Padding,
    dropped,
    output_size,
    padding_amounts,
    reach,
    visits,
)

SHOWN = 8  # visits written out before an ellipsis


def broken_promises(
    n: int, kernel: int, stride: int = 1, dilation: int = 1, padding: Padding = "valid"
) -> tuple[str, ...]:
    """What does not hold for a window over an axis of ``n``, as sentences with the numbers; empty where all does.

    >>> broken_promises(9, kernel=4, stride=2, padding="full")
    ()
    >>> for sentence in broken_promises(8, kernel=3, stride=2, padding="full"):
    ...     print(sentence)
    full padding visits all pixels equally often only where the stride divides the kernel: kernel 3 at stride 2 visits them 2, 1, 2, 1, 2, 1, 2, 1 times
    """
    axis = (n, kernel, stride, dilation, padding)
    if output_size(*axis) == 0:
        short = reach(kernel, dilation) - n - sum(padding_amounts(*axis))
        return (f"the kernel spans {reach(kernel, dilation)} pixels, {short} more than there are: no output",)
    return (*_size(*axis), *_reading(*axis), *_end(*axis), *_alignment(*axis))


def _size(n: int, kernel: int, stride: int, dilation: int, padding: Padding) -> Iterator[str]:
    outputs = output_size(n, kernel, stride, dilation, padding)
    if padding in SAME and outputs != n:
        yield (
            "same padding keeps the size only at stride 1: "
            f"at stride {stride}, {n} becomes ceil({n} / {stride}) = {outputs}"
        )


def _reading(n: int, kernel: int, stride: int, dilation: int, padding: Padding) -> Iterator[str]:
    """Unequal visits under full padding; elsewhere pixels never read, or an uneven overlap."""
    counts = visits(n, kernel, stride, dilation, padding)
    read = counts[: n - dropped(n, kernel, stride, dilation, padding)]
    window = f"kernel {kernel} at stride {stride}" + (f", dilation {dilation}," if dilation > 1 else "")
    if padding == "full" and len(set(counts)) > 1:
        yield (
            "full padding visits all pixels equally often only where the stride divides the kernel"
            f"{' and nothing is dilated' * (dilation > 1)}: {window} visits them {_listed(counts)} times"
        )
    if 0 in read:
        yield f"{window} never reads {read.count(0)} of {n} pixels: it visits them {_listed(counts)} times"
    elif padding != "full" and _uneven(n, kernel, stride, dilation, padding):
        shown = ", ".join(map(str, _overlap(kernel, stride, dilation)))
        yield (
            f"{window} overlaps unevenly, because {stride} does not divide {kernel}: pixels away from the border are "
            f"visited {shown} times in turn, which shows as a checkerboard in gradients and projections"
            if kernel % stride
            else f"{window} overlaps unevenly: pixels away from the border are visited {shown} times in turn"
        )


def _uneven(n: int, kernel: int, stride: int, dilation: int, padding: Padding) -> bool:
    """Whether an uneven overlap has room to show: at least two windows."""
    return (
        output_size(n, kernel, stride, dilation, padding) > 1
        and len(set(_overlap(kernel, stride, dilation))) > 1
    )


def _overlap(kernel: int, stride: int, dilation: int) -> tuple[int, ...]:
    """Visits of ``stride`` neighbouring pixels far from any border: taps by remainder."""
    landed = [tap * dilation % stride for tap in range(kernel)]
    return tuple(landed.count(remainder) for remainder in range(stride))


def _end(n: int, kernel: int, stride: int, dilation: int, padding: Padding) -> Iterator[str]:
    lost = dropped(n, kernel, stride, dilation, padding)
    if lost:
        last = "the last pixel is" if lost == 1 else f"the last {lost} pixels are"
        yield f"{last} dropped: from {n}, steps of {stride} leave no room for another window"


def _alignment(n: int, kernel: int, stride: int, dilation: int, padding: Padding) -> Iterator[str]:
    """Padding by numbers that gives the size of ``same``, but starts its windows elsewhere."""
    if isinstance(padding, str):
        return
    axis = (n, kernel, stride, dilation)
    own, named = padding_amounts(*axis, padding), padding_amounts(*axis, "same")
    outputs = output_size(*axis, padding)
    if outputs == output_size(*axis, "same") and own[0] != named[0]:
        yield (
            f"padding {own[0]}, {own[1]} gives {outputs} outputs as same does, but its first window starts at {-own[0]}, "
            f"TensorFlow's at {-named[0]}: the maps are shifted by {_pixels(abs(own[0] - named[0]))} against each other"
        )


def _listed(counts: tuple[int, ...]) -> str:
    return ", ".join(map(str, counts[:SHOWN])) + ", …" * (len(counts) > SHOWN)


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count} pixels"
