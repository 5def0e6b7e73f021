"""What a unit needs of every map below it, planned from the record.

A unit at position y of a layer needs ``length`` positions of a map, from ``y * stride + start`` on. The plan
is made backwards from the layer; it exists where every operation below is a window, a padding or pointwise,
and where all ways down agree in their stride. Positions beyond a map are part of the plan: they stand for
the padding, and are blanked before the operation that would have padded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from convscope.arithmetic.convolution import padding_amounts, reach
from convscope.model.layer import Layer
from convscope.model.operations import CONVOLUTIONS, POINTWISE
from convscope.model.region import pair
from convscope.model.tape import INPUT, Call, Record, Ref, Value

WINDOWS = (CONVOLUTIONS & {"conv2d"}) | {"max_pool2d", "max_pool2d_with_indices", "avg_pool2d"}
SAME_PLACE = (POINTWISE - {"softmax", "log_softmax"}) | {"cat", "chunk", "split"}
WORTHWHILE = 0.7  # of the image's pixels; larger crops cost as much as the image


@dataclass(frozen=True)
class Span:
    """Positions ``y * stride + start`` to ``+ length`` of one axis of a map, for the unit at y."""

    stride: int
    start: int
    length: int

    def hull(self, other: "Span") -> "Span":
        start = min(self.start, other.start)
        return Span(self.stride, start, max(self.start + self.length, other.start + other.length) - start)

    def inside(self, at: Tensor, length: int) -> Tensor:
        """``[N, self.length]``: which positions lie on a map of ``length``, for the units ``at`` ``[N]``."""
        places = (at * self.stride + self.start)[:, None] + torch.arange(self.length, device=at.device)
        return (places >= 0) & (places < length)

    def overlap(self, at: int, length: int) -> tuple[int, int, int]:
        """Where on a map of ``length`` the unit's span begins, and from where to where it lies on the map."""
        start = at * self.stride + self.start
        first = max(start, 0)
        return first, first - start, max(min(start + self.length, length), first) - start


Spans = tuple[Span, Span]  # rows, columns


@dataclass(frozen=True)
class Plan:
    """For every value that the layer depends on what is needed of it, and for every call what it needs."""

    needs: dict[Value, Spans]
    inputs: dict[int, dict[Value, Spans]]

    @property
    def pixels(self) -> Spans:
        return self.needs[Value(INPUT)]


def plan_crop(record: Record, layer: Layer) -> Plan | None:
    """The plan for one layer; None where there is none, or the crop would be nearly the whole image."""
    if len(layer.shape) != 3 or layer.axis != 1:
        return None
    unit = Span(1, 0, 1)
    plan = Plan({Value(layer.index): (unit, unit)}, {})
    for call in reversed(record.calls[: layer.index + 1]):
        wanted = [plan.needs[v] for v in _outputs(call) if v in plan.needs]
        if wanted and not _add_inputs(plan, call, wanted, record):
            return None
    if Value(INPUT) not in plan.needs:
        return None
    rows, columns = plan.pixels
    share = rows.length * columns.length / (record.input_shape[2] * record.input_shape[3])
    return plan if share <= WORTHWHILE else None


def _outputs(call: Call) -> list[Value]:
    return [Value(call.index, slot) for slot in range(len(call.shapes))]


def _add_inputs(plan: Plan, call: Call, wanted: list[Spans], record: Record) -> bool:
    """Note what a call needs of its inputs for what is wanted of its outputs; False where no rule fits."""
    if call.aliased or any(spans != wanted[0] for spans in wanted):
        return False
    spans = tuple(needed(call, span, axis) for axis, span in enumerate(wanted[0]))
    if None in spans:
        return False
    for value in dict.fromkeys(call.inputs):
        if not _same_size(call, value, record):
            return False
        known = plan.needs.get(value)
        merged = spans if known is None else hull_of(known, spans)  # type: ignore[arg-type]
        if merged is None:
            return False
        plan.needs[value] = merged  # type: ignore[assignment]
        plan.inputs.setdefault(call.index, {})[value] = spans  # type: ignore[assignment]
    return True


def hull_of(first: Spans, second: Spans) -> Spans | None:
    """What holds both; None where the two ways down differ in their stride."""
    if any(a.stride != b.stride for a, b in zip(first, second, strict=True)):
        return None
    return first[0].hull(second[0]), first[1].hull(second[1])


def _same_size(call: Call, value: Value, record: Record) -> bool:
    """A pointwise step must not spread one position over many, as the gate of an attention does."""
    shape = map_shape(record, value)
    return len(shape) == 4 and (call.operation not in SAME_PLACE or shape[2:] == call.shape[2:])


def map_shape(record: Record, value: Value) -> tuple[int, ...]:
    """The shape of a value as recorded."""
    return record.input_shape if value.call == INPUT else record.calls[value.call].shapes[value.slot]


def needed(call: Call, span: Span, axis: int) -> Span | None:
    """What a call needs of its input along an axis (0 rows, 1 columns) for ``span`` of its output."""
    if call.operation in SAME_PLACE:
        return span if _channels_only(call) else None
    if call.operation == "pad":
        before = pad_before(call)
        return None if before is None else Span(span.stride, span.start - before[axis], span.length)
    if call.operation not in WINDOWS or not _plain_average(call):
        return None
    kernel, stride, dilation, before = window_of(call, axis)
    length = (span.length - 1) * stride + reach(kernel, dilation)
    return Span(span.stride * stride, span.start * stride - before, length)


def _channels_only(call: Call) -> bool:
    """Concatenations and splits along channels leave every position where it is."""
    return call.operation not in ("cat", "chunk", "split") or call.arguments.get("dim") in (1, -3)


def _plain_average(call: Call) -> bool:
    """An average over the whole window, padding included, is the same on a crop; others are not."""
    arguments = call.arguments
    plain = arguments.get("count_include_pad", True) and not arguments.get("ceil_mode", False)
    return call.operation != "avg_pool2d" or (plain and arguments.get("divisor_override") is None)


def window_of(call: Call, axis: int) -> tuple[int, int, int, int]:
    """Kernel, stride, dilation and padding before, along an axis."""
    arguments = call.arguments
    weight = arguments.get("weight")
    kernel = weight.shape[2 + axis] if isinstance(weight, Ref) else pair(arguments["kernel_size"])[axis]
    stride = pair(arguments.get("stride"), 1 if isinstance(weight, Ref) else kernel)[axis]
    dilation = pair(arguments.get("dilation"), 1)[axis]
    padding = arguments.get("padding", 0)
    named = padding if isinstance(padding, str) else pair(padding, 0)[axis]
    length = arguments["input"].shape[2 + axis]
    return kernel, stride, dilation, padding_amounts(length, kernel, stride, dilation, named)[0]


def pad_before(call: Call) -> tuple[int, int] | None:
    """Constant padding above and to the left; None for padding that repeats pixels or touches channels."""
    amounts = call.arguments.get("pad")
    if call.arguments.get("mode", "constant") != "constant" or not isinstance(amounts, tuple):
        return None
    left, _, top, _, *deeper = (*amounts, 0, 0) if len(amounts) == 2 else amounts
    return None if any(deeper) else (top, left)
