"""A network as a table: shapes, receptive fields, parameters, multiply-adds, and what dense layers would cost."""

from dataclasses import dataclass
from math import prod
from typing import Any

from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS, TRANSPOSED
from convscope.model.tape import Call, Ref


@dataclass(frozen=True)
class Row:
    """One call: ``field`` and ``stride`` in input pixels, None for what sees no map.

    ``dense`` is how many parameters a fully connected layer between the same two maps would have, weights
    and biases; 0 for anything but a convolution.
    """

    name: str
    operation: str
    shape: tuple[int, ...]
    field: tuple[int, int] | None
    stride: tuple[int, int] | None
    kernel: str
    parameters: int
    multiply_adds: int
    dense: int


@dataclass(frozen=True)
class Summary:
    """All calls of one forward pass that hold weights or yield a map, and their sums."""

    name: str
    input: tuple[int, int, int]
    classes: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Of convolutions and linear layers, for one image."""
        return sum(row.multiply_adds for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {
            "name": self.name, "input": list(self.input), "classes": self.classes, "parameters": self.parameters,
            "multiply_adds": self.multiply_adds, "notes": list(self.notes),
            "layers": [vars(row) for row in self.rows],
        }  # fmt: skip

    def __str__(self) -> str:
        head = ("layer", "operation", "output", "field", "stride", "parameters", "multiply-adds", "if dense")
        lines = [head, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        table = ["  ".join(_align(cell, width, i) for i, (cell, width) in enumerate(zip(line, widths, strict=True)))
                 for line in lines]  # fmt: skip
        channels, height, width = self.input
        total = (
            f"{self.name}: {channels}x{height}x{width} in, {self.classes} classes out, "
            f"{self.parameters:,} parameters, {self.multiply_adds:,} multiply-adds an image"
        )
        return "\n".join([*(line.rstrip() for line in table), "", total, *self._dense_words(), *self.notes])

    def _dense_words(self) -> list[str]:
        convolutions = [row for row in self.rows if row.dense]
        if not convolutions:
            return []
        shared, dense = sum(row.parameters for row in convolutions), sum(row.dense for row in convolutions)
        return [
            f"its {len(convolutions)} convolutions share {shared:,} parameters; dense layers between the same maps "
            f"would need {dense:,}, {dense / max(shared, 1):,.0f} times as many"
        ]


def _cells(row: Row) -> tuple[str, ...]:
    def times(pair: tuple[int, ...] | None) -> str:
        return "" if pair is None else "x".join(map(str, pair))

    field = "" if row.field is None else times(row.field)
    return (
        row.name, f"{row.operation} {row.kernel}".strip(), times(row.shape), field, times(row.stride),
        f"{row.parameters:,}" if row.parameters else "", f"{row.multiply_adds:,}" if row.multiply_adds else "",
        f"{row.dense:,}" if row.dense else "",
    )  # fmt: skip


def _align(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def multiply_adds(call: Call) -> int:
    """Multiply-adds of one call for one image; 0 for anything but convolutions and linear layers."""
    weight = call.arguments.get("weight")
    if not isinstance(weight, Ref):
        return 0
    if call.operation in CONVOLUTIONS:
        return prod(call.shape[1:]) * prod(weight.shape[1:])
    if call.operation in TRANSPOSED:
        return prod(call.arguments["input"].shape[1:]) * prod(weight.shape[1:])
    return prod(call.shape[1:]) * weight.shape[1] if call.operation == "linear" else 0


def summary(model: Model) -> Summary:
    """The table of a model.

    >>> print(cs.summary(cs.open_model("resnet18")))  # doctest: +SKIP
    """
    sizes = {name: parameter.numel() for name, parameter in model.module.named_parameters()}
    counted: set[str] = set()
    rows = []
    for call in model.record.calls:
        fresh = set(call.weights) - counted
        counted |= fresh
        parameters = sum(sizes[name] for name in fresh)
        if call.name in model.layers or parameters:
            rows.append(_row(model, call, parameters))
    fit = model.fit
    unused = sum(size for name, size in sizes.items() if name not in counted)
    notes = (f"{unused:,} further parameters are not used in evaluation.",) if unused else ()
    return Summary(model.name, (fit.channels, fit.height, fit.width), len(model.classes), tuple(rows), notes)


def _row(model: Model, call: Call, parameters: int) -> Row:
    layer = model.layers.get(call.name)
    convolution = call.operation in CONVOLUTIONS
    inputs = prod(call.arguments["input"].shape[1:]) if convolution else 0
    outputs = prod(call.shape[1:])
    return Row(
        call.name,
        call.operation,
        layer.shape if layer else call.shape[1:],
        layer.field.size if layer else None,
        layer.field.stride if layer and len(layer.shape) == 3 else None,
        layer.kernel if layer and convolution else "",
        parameters,
        multiply_adds(call),
        (inputs + 1) * outputs if convolution else 0,
    )
