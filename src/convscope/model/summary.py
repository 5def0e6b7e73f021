"""A network as a table: shapes, windows, receptive fields, and what it costs in parameters, steps and memory."""

from dataclasses import asdict, dataclass
from math import prod
from typing import Any

from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS, DROPOUTS, TRANSPOSED
from convscope.model.tape import Call, Ref
from convscope.model.warning import ModelWarning, warnings_of
from convscope.model.window import Window, window_of

FLOAT = 4  # bytes of a float32
# calls whose result lies where their input does: they take no memory of their own
VIEWS = DROPOUTS | {
    "flatten", "view", "reshape", "permute", "transpose", "squeeze", "unsqueeze", "slice", "expand", "chunk",
    "split", "identity", "contiguous", "to", "detach", "movedim", "unflatten",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One call: ``shape`` is its output without the batch, channels first.

    ``field`` and ``stride`` (of neighbouring positions) are in input pixels, ``share`` is the field as a
    share of the input's height and width; all three are None for what sees no map. ``window`` is the
    call's own kernel, stride, padding and dilation. ``memory`` is the output in bytes as float32 for one
    image, 0 for a view of another one. ``dense`` is how many parameters a fully connected layer between
    the same two maps would have, weights and biases; 0 for anything but a convolution.
    """

    name: str
    operation: str
    shape: tuple[int, ...]
    field: tuple[int, int] | None
    share: tuple[float, float] | None
    stride: tuple[int, int] | None
    window: Window | None
    groups: int
    parameters: int
    multiply_adds: int
    memory: int
    dense: int

    @property
    def kernel(self) -> str:
        """The window in words, ``3x3 stride 2 padding 1``; empty where there is none."""
        return self.window.words(self.groups) if self.window else ""


@dataclass(frozen=True)
class Summary:
    """All calls of one forward pass that hold weights or yield a map, their sums, and what to beware of.

    ``weight_bytes`` is what parameters and buffers take as they are stored.
    """

    name: str
    input: tuple[int, int, int]
    classes: int
    rows: tuple[Row, ...]
    weight_bytes: int
    warnings: tuple[ModelWarning, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Summary of {self.name}: {len(self.rows)} calls, {self.parameters:,} parameters; print it for the table>"

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Of convolutions and linear layers, for one image."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of all activations of one image as float32, as training keeps them; in-place steps count too."""
        return sum(row.memory for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return {
            "name": self.name, "input": list(self.input), "classes": self.classes, "parameters": self.parameters,
            "multiply_adds": self.multiply_adds, "memory": self.memory, "weight_bytes": self.weight_bytes,
            "warnings": [warning.as_dict() for warning in self.warnings], "notes": list(self.notes),
            "layers": [asdict(row) | {"kernel": row.kernel} for row in self.rows],
        }  # fmt: skip

    @property
    def html(self) -> str:
        """One page that needs nothing else, in light and dark."""
        from convscope.model.summary_page import page

        return page(self)

    def text(self, *, wide: bool = False) -> str:
        """The table for a terminal; ``wide`` adds strides and dense equivalents."""
        from convscope.model.summary_text import table

        return table(self, wide=wide)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html


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
    stored = sum(tensor.numel() * tensor.element_size() for tensor in model.module.state_dict().values())
    shape = (fit.channels, fit.height, fit.width)
    return Summary(model.name, shape, len(model.classes), tuple(rows), stored, warnings_of(model), notes)


def _row(model: Model, call: Call, parameters: int) -> Row:
    layer = model.layers.get(call.name)
    inputs = prod(call.arguments["input"].shape[1:]) if call.operation in CONVOLUTIONS else 0
    field = layer.field.size if layer else None
    return Row(
        name=call.name,
        operation=call.operation,
        shape=layer.shape if layer else call.shape[1:],
        field=field,
        share=(field[0] / model.fit.height, field[1] / model.fit.width) if field else None,
        stride=_stride(layer),
        window=window_of(call, model.record),
        groups=call.arguments.get("groups", 1),
        parameters=parameters,
        multiply_adds=multiply_adds(call),
        memory=0 if call.operation in VIEWS else FLOAT * sum(prod(shape[1:]) for shape in call.shapes),
        dense=(inputs + 1) * prod(call.shape[1:]) if inputs else 0,
    )


def _stride(layer: Layer | None) -> tuple[int, int] | None:
    return layer.field.stride if layer and len(layer.shape) == 3 else None
