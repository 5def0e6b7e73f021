"""The window of a convolution or a pooling call: what it spans, how far it steps, what is put around."""

from dataclasses import dataclass, replace

from convscope.arithmetic.convolution import reach
from convscope.model.operations import CONVOLUTIONS, MAX_POOLS
from convscope.model.region import pair
from convscope.model.tape import INPUT, Call, Record, Ref

Pair = tuple[int, int]
WINDOWED = {"avg_pool2d", "lp_pool2d"} | MAX_POOLS - {"adaptive_max_pool2d", "max_pool1d"}


@dataclass(frozen=True)
class Window:
    """Kernel, stride and dilation per axis (vertical, horizontal); padding before and after on each axis.

    ``size`` is (height, width) of the map that it slides over, before any padding.
    """

    size: Pair
    kernel: Pair
    stride: Pair
    dilation: Pair
    rows: Pair
    columns: Pair

    @property
    def padding(self) -> str:
        """Pixels a side: ``3``; ``0+1`` where before and after differ, ``1x3`` where rows and columns do."""
        return _once(*("+".join(dict.fromkeys(map(str, axis))) for axis in (self.rows, self.columns)))

    def words(self, groups: int = 1) -> str:
        """``7x7 stride 2 padding 3``; uneven padding as before+after; what is usual is left out."""
        said = ["x".join(map(str, self.kernel))]
        settings = (
            ("stride", _once(*self.stride), "1"),
            ("padding", self.padding, "0"),
            ("dilation", _once(*self.dilation), "1"),
            ("groups", str(groups), "1"),
        )
        return " ".join([*said, *(f"{name} {text}" for name, text, usual in settings if text != usual)])


def _once(first: int | str, second: int | str) -> str:
    """Both, or one where they agree."""
    return str(first) if first == second else f"{first}x{second}"


def window_of(call: Call, record: Record) -> Window | None:
    """The window of a 2-d convolution or pooling call; None for anything else.

    A pad call right before it counts as its padding, because that is how uneven margins are written.
    """
    source = call.arguments.get("input")
    if not isinstance(source, Ref) or len(source.shape) != 4:
        return None
    kernel = _kernel(call)
    if kernel is None:
        return None
    stride = pair(call.arguments.get("stride"), kernel if call.operation in WINDOWED else 1)
    dilation = pair(call.arguments.get("dilation"), 1)
    own = _own_padding(call, kernel, dilation)
    size, rows, columns = _padded_before(source, record)
    rows = rows[0] + own[0][0], rows[1] + own[0][1]
    columns = columns[0] + own[1][0], columns[1] + own[1][1]
    window = Window(size, kernel, stride, dilation, rows, columns)
    return _rounded_up(window, call.shape[2:]) if call.arguments.get("ceil_mode") else window


def _rounded_up(window: Window, outputs: tuple[int, ...]) -> Window:
    """Rounding up reads beyond the end: what it reads there counts as padding after."""
    after = [
        (outputs[axis] - 1) * window.stride[axis]
        + reach(window.kernel[axis], window.dilation[axis])
        - window.size[axis]
        - (window.rows, window.columns)[axis][0]
        for axis in (0, 1)
    ]
    return replace(
        window,
        rows=(window.rows[0], max(window.rows[1], after[0])),
        columns=(window.columns[0], max(window.columns[1], after[1])),
    )


def _kernel(call: Call) -> Pair | None:
    weight = call.arguments.get("weight")
    if call.operation in CONVOLUTIONS and isinstance(weight, Ref):
        return weight.shape[2], weight.shape[3]
    if call.operation in WINDOWED:
        return pair(call.arguments.get("kernel_size"))
    return None


def _own_padding(call: Call, kernel: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """Padding that the call itself adds; torch's ``same`` puts the odd zero after."""
    padding = call.arguments.get("padding", 0)
    if padding == "same":
        total = [step * (taps - 1) for taps, step in zip(kernel, dilation, strict=True)]
        return (total[0] // 2, -(-total[0] // 2)), (total[1] // 2, -(-total[1] // 2))
    vertical, horizontal = (0, 0) if isinstance(padding, str) else pair(padding, 0)
    return (vertical, vertical), (horizontal, horizontal)


def _padded_before(source: Ref, record: Record) -> tuple[Pair, Pair, Pair]:
    """(size, rows, columns) of what a pad call has put around the image axes; nothing where there is none."""
    height, width = source.shape[2:]
    if source.value is not None and source.value.call != INPUT:
        call = record.calls[source.value.call]
        amounts = call.arguments.get("pad")
        if call.operation == "pad" and isinstance(amounts, tuple) and len(amounts) == 4 and min(amounts) >= 0:
            left, right, top, bottom = amounts
            return (height - top - bottom, width - left - right), (top, bottom), (left, right)
    return (height, width), (0, 0), (0, 0)
