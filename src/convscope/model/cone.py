"""What a unit's signal reaches on its way down: a window of each map, or all of it.

A crop is a cone of windows only. Where none fits the upper maps are windows all the same: a signal in 3 x 3
positions of one map reaches 5 x 5 of the one below. A map is taken whole from where its window would be nearly
that, and where an operation has no window, as a max-pool whose switches were recorded on the whole image.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.model.adjoint import ADJOINTS, WHOLE_ONLY
from convscope.model.crop import Plan, Span, Spans, hull_of, map_shape, needed
from convscope.model.layer import Layer
from convscope.model.tape import INPUT, Call, Record, Ref, Value

NEARLY = 0.8  # of a map's positions: a larger window costs more to put in its place than it saves
UNIT = Span(1, 0, 1)


@dataclass(frozen=True)
class Cone:
    """``held`` says what is kept of each value, ``given`` what a call hands to its inputs; None for all of it.

    ``calls`` are those on the way, from the unit down; ``plan`` is that of the crop, None on whole images.
    """

    record: Record
    layer: Layer
    plan: Plan | None
    held: Mapping[Value, Spans | None]
    given: Mapping[int, Spans | None]
    calls: tuple[Call, ...]

    @property
    def pools(self) -> list[int]:
        """The max-pools on the way, by index: only below the last of them does the signal depend on the image."""
        return [call.index for call in self.calls if call.operation == "max_pool2d"]

    def size(self, call: Call) -> tuple[int, ...]:
        """The shape of what a call's inputs get, without the batch."""
        spans, shape = self.given[call.index], map_shape(self.record, call.inputs[0])
        return shape[1:] if spans is None else (shape[1], spans[0].length, spans[1].length)


def cone_of_crop(record: Record, layer: Layer, plan: Plan) -> Cone | None:
    """The cone of units whose crop is planned; None where a call on the way has no adjoint."""
    given = {index: next(iter(spans.values())) for index, spans in plan.inputs.items()}
    return _checked(record, layer, plan, dict(plan.needs), dict(given))


def cone_of_whole(record: Record, layer: Layer) -> Cone | None:
    """The cone of units on whole images; None where a call on the way has no adjoint."""
    held: dict[Value, Spans | None] = {Value(layer.index): (UNIT, UNIT) if len(layer.shape) == 3 else None}
    given: dict[int, Spans | None] = {}
    for call in reversed(record.calls[: layer.index + 1]):
        own = Value(call.index)
        if own in held and call.inputs:
            given[call.index] = spans = _given(call, held[own])
            if spans is None:
                held[own] = None
            for value in call.inputs:
                both = spans if value not in held else _joined(held[value], spans)
                held[value] = _worthwhile(both, map_shape(record, value))
    return _checked(record, layer, None, held, given)


def _given(call: Call, spans: Spans | None) -> Spans | None:
    if spans is None or call.operation in WHOLE_ONLY:
        return None
    rows, columns = (needed(call, span, axis) for axis, span in enumerate(spans))
    return None if rows is None or columns is None else (rows, columns)


def _joined(first: Spans | None, second: Spans | None) -> Spans | None:
    return None if first is None or second is None else hull_of(first, second)


def _worthwhile(spans: Spans | None, shape: tuple[int, ...]) -> Spans | None:
    if spans is None or len(shape) != 4:
        return None
    return spans if spans[0].length * spans[1].length <= NEARLY * shape[2] * shape[3] else None


def _checked(
    record: Record,
    layer: Layer,
    plan: Plan | None,
    held: dict[Value, Spans | None],
    given: dict[int, Spans | None],
) -> Cone | None:
    calls = tuple(record.calls[index] for index in sorted(given, reverse=True))
    known = layer.axis == 1 and Value(INPUT) in held and all(_has_adjoint(call) for call in calls)
    single = all(value.slot == 0 for value in held)
    return Cone(record, layer, plan, held, given, calls) if known and single else None


def _has_adjoint(call: Call) -> bool:
    weight = call.arguments.get("weight")
    named = not isinstance(weight, Ref) or bool(weight.weight)  # one that is computed may depend on the image
    return call.operation in ADJOINTS and not call.aliased and named
