"""What a person should know of a network's geometry before trusting it, each with the next step."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from convscope.arithmetic.convolution import Padding, dropped
from convscope.arithmetic.promises import broken_promises
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS
from convscope.model.spine import spine
from convscope.model.tape import Call
from convscope.model.window import Window, window_of

Kind = Literal[
    "field-small", "field-large", "aliasing", "unread", "uneven-overlap", "dropped", "same-shrinks", "full-uneven"
]  # fmt: skip
SMALL_FIELD, LARGE_FIELD = 1 / 3, 10.0  # of the input's side
COARSE_STRIDE = 4
NAMED = 3  # layers that are named before "and n more"

# how the sentences of ``broken_promises`` are told apart, and what to do about each; what is not here is
# no fault of the network: a shift against TensorFlow's windows matters only to who brings weights from there
PROMISES: dict[str, tuple[Kind, str]] = {
    "same padding keeps": ("same-shrinks", "Use stride 1 and pool afterwards where the size must stay."),
    "full padding visits": ("full-uneven", "Use stride 1, or a kernel that the stride divides."),
    "never reads": ("unread", "Average-pool before it, as ResNet-D does, or use a kernel as large as the stride."),
    "overlaps unevenly": (
        "uneven-overlap", "Use a kernel that the stride divides, where you are free to.",
    ),
}  # fmt: skip
ROOM = "Use an input size or a padding with which the last window ends at the border, or rounding up (ceil)."


@dataclass(frozen=True)
class ModelWarning:
    """One fault that some layers share: a sentence with its numbers, and the next step."""

    kind: Kind
    layers: tuple[str, ...]
    sentence: str
    step: str

    def __str__(self) -> str:
        shown = ", ".join(self.layers[:NAMED])
        more = f" and {len(self.layers) - NAMED} more" if len(self.layers) > NAMED else ""
        return f"{shown}{more}: {self.sentence}. {self.step}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def warnings_of(model: Model) -> tuple[ModelWarning, ...]:
    """What stride, padding and depth do to this network at its input size; empty where nothing is amiss.

    Warned of are, with the reason for each threshold:

    - a receptive field of the last maps below a third of the input's side: an object that fills most of a
      photo is larger, so that no unit before the classifier can see it whole;
    - one above ten times the side: the ImageNet networks stay below that at their own input size (VGG-16
      0.9, ResNet-50 1.9, DenseNet-121 9.2), and layers that widen a field beyond the image add little
      (Richter et al. 2021, arXiv 2106.12307);
    - a first layer of stride 4 or more: it aliases (Zeiler and Fergus 2013, arXiv 1311.2901, figure 6);
    - windows that break what courses promise: ``convscope.arithmetic.promises``.

    Equal faults of several layers are one warning.

    >>> for warning in warnings_of(model):  # doctest: +SKIP
    ...     print(warning)
    """
    groups: dict[tuple[Any, ...], list[Fault]] = {}
    for fault in (*_fields(model), *_first(model), *_windows(model)):
        groups.setdefault((fault.kind, fault.shape), []).append(fault)
    return tuple(map(_together, groups.values()))


class Fault(NamedTuple):
    """One layer's fault; faults of a kind whose windows have the same ``shape`` are one warning."""

    kind: Kind
    layer: str
    sentence: str
    step: str
    shape: tuple[int, ...] = ()


def _together(faults: list[Fault]) -> ModelWarning:
    first, layers = faults[0], tuple(dict.fromkeys(fault.layer for fault in faults))
    differ = len({fault.sentence for fault in faults if fault.layer != first.layer} - {first.sentence})
    of_first = f" (the numbers are those of {first.layer})" if differ else ""
    return ModelWarning(first.kind, layers, first.sentence + of_first, first.step)


def last_maps(model: Model) -> Layer | None:
    """The last layer of the spine whose positions look at different places; None where none does."""
    layers = [model.layers[call.name] for call in spine(model.record) if call.name in model.layers]
    return next(
        (layer for layer in reversed(layers) if len(layer.shape) == 3 and layer.field.stride != (0, 0)), None
    )


def _fields(model: Model) -> Iterator[Fault]:
    layer = last_maps(model)
    if layer is None:
        return
    fit, size = model.fit, layer.field.size
    share = min(size[0] / fit.height, size[1] / fit.width)
    text = f"the last maps see {size[0]}x{size[1]} of {fit.height}x{fit.width} pixels"
    if share < SMALL_FIELD:
        yield Fault(
            "field-small", layer.name, f"{text}, less than a third of a side: no unit there sees a whole object",
            "Add a pooling, a stride, larger kernels or more layers; or use smaller pictures.",
        )  # fmt: skip
    if share > LARGE_FIELD and layer.field.exact:
        yield Fault(
            "field-large", layer.name, f"{text}, {share:.0f} times a side: most of what they see is padding",
            "Use larger pictures, fewer layers, or less stride and pooling at the beginning.",
        )  # fmt: skip


def _first(model: Model) -> Iterator[Fault]:
    call = next((call for call in model.record.calls if call.operation in CONVOLUTIONS), None)
    window = window_of(call, model.record) if call else None
    if call and window and (stride := max(window.stride)) >= COARSE_STRIDE:
        yield Fault(
            "aliasing", call.name, f"the first convolution steps over {stride} pixels at once, which aliases fine texture",
            "Use 7x7 at stride 2, as Zeiler and Fergus did, or two convolutions of stride 2.",
        )  # fmt: skip


def _windows(model: Model) -> Iterator[Fault]:
    for call in model.record.calls:
        window = window_of(call, model.record)
        if window is None or window.kernel == window.size:
            continue
        shape = (*window.kernel, *window.stride, *window.dilation)
        for sentence in dict.fromkeys(_broken(model, call, window)):
            for phrase, (kind, step) in PROMISES.items():
                if phrase in sentence:
                    yield Fault(kind, call.name, sentence, step, shape)
        # a window smaller than its step leaves pixels unread everywhere; that the last is one is no news
        if min(window.kernel) >= max(window.stride) and (sentence := _dropped(window)):
            yield Fault("dropped", call.name, sentence, ROOM, shape)


def _dropped(window: Window) -> str:
    """How many rows and columns at the end no window reaches; empty where all are read."""
    rows, columns = (
        dropped(window.size[axis], window.kernel[axis], window.stride[axis], window.dilation[axis], amounts)
        for axis, amounts in enumerate((window.rows, window.columns))
    )
    counts = [f"{n} {word}{'s' * (n > 1)}" for n, word in ((rows, "row"), (columns, "column")) if n]
    height, width = window.size
    left = "are left out" if rows + columns > 1 else "is left out"
    return (
        f"of {height}x{width} the last {' and '.join(counts)} {left}: the steps end before the border"
        if counts
        else ""
    )


def _broken(model: Model, call: Call, window: Window) -> Iterator[str]:
    """The broken promises of rows, then of columns."""
    name = padding_name(model, call)
    for axis, amounts in enumerate((window.rows, window.columns)):
        padding: Padding = name or amounts
        yield from broken_promises(
            window.size[axis], window.kernel[axis], window.stride[axis], window.dilation[axis], padding
        )


def padding_name(model: Model, call: Call) -> str:
    """The name that the module gives its padding, empty where it gives numbers."""
    if not call.module:
        return ""
    module = model.module.get_submodule(call.module)
    names = (getattr(module, "named_padding", None), getattr(module, "padding", None))
    return next((name for name in names if isinstance(name, str) and name != "valid"), "")
