"""What one convolution of a network receives for a picture, and what it weighs it with."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from convscope.arithmetic.convolution import Padding
from convscope.arithmetic.window import Window
from convscope.errors import Unanswerable
from convscope.model.measure import outputs
from convscope.model.model import Model
from convscope.model.operations import CONVOLUTIONS
from convscope.model.region import pair
from convscope.model.tape import INPUT, Call, Ref
from convscope.plain.field import Field
from convscope.plain.unit import Unit


@dataclass(frozen=True, eq=False)
class Received:
    """Input ``[C, H, W]`` and kernel ``[C, kh, kw]`` of one channel of ``layer``, float64, and its windows.

    ``channels`` are the input channels' numbers in ``source``, the layer that is read ("" for the pixels);
    ``field`` is that layer's receptive field, None for the pixels.
    """

    layer: str
    source: str
    field: Field | None
    channels: range
    input: np.ndarray
    kernel: np.ndarray
    bias: float
    rows: Window
    columns: Window


def received(model: Model, layer: str, channel: int, image: Any) -> Received:
    """What the convolution at the root of ``layer`` receives for ``image``; raises UnknownName, Unanswerable."""
    call = convolution_of(model, layer)
    model.check(Unit(call.name, channel))
    weights = _parameter(model, call, "weight")
    source, margins = _source(model, call)
    maps = _maps(model, source, call, model.preprocess(image))
    groups = int(call.arguments.get("groups", 1))
    inputs = weights.shape[1]
    first = channel // (len(weights) // groups) * inputs
    channels = range(first, first + inputs)
    bias = call.arguments.get("bias")
    rows, columns = _windows(call, weights.shape[2:], margins)
    return Received(
        layer=call.name,
        source="" if source is None else source.name,
        field=None if source is None else model.layer(source.name).field,
        channels=channels,
        input=maps[channels.start : channels.stop],
        kernel=weights[channel],
        bias=0.0 if bias is None else float(_parameter(model, call, "bias")[channel]),
        rows=rows,
        columns=columns,
    )


def convolution_of(model: Model, layer: str) -> Call:
    """The convolution at the root of a layer's chain; raises UnknownName, Unanswerable."""
    root = model.record.calls[model.layer(model.layer(layer).chain[0]).index]
    if root.operation not in CONVOLUTIONS or len(root.shape) != 4:
        there = [c.name for c in model.record.calls if c.operation in CONVOLUTIONS and len(c.shape) == 4]
        known = ", ".join(there[:6]) + ", …" * (len(there) > 6)
        raise Unanswerable(
            f"{layer} of {model.name} is {root.operation}, not a convolution: choose one of {known}"
        )
    return root


def _parameter(model: Model, call: Call, name: str) -> np.ndarray:
    reference = call.arguments[name]
    if not isinstance(reference, Ref) or not reference.weight:
        raise Unanswerable(
            f"the {name} of {call.name} is computed during the pass, no parameter of {model.name}: "
            "fold or remove the parametrisation first"
        )
    return model.module.get_parameter(reference.weight).detach().double().cpu().numpy()


def _source(model: Model, call: Call) -> tuple[Call | None, tuple[int, ...]]:
    """The call whose output is convolved (None: the pixels), and (left, right, top, bottom) padded in between."""
    source, margins = _read_by(model, call), (0, 0, 0, 0)
    if source and _pads_zeros(source) and not isinstance(call.arguments.get("padding"), str):
        return _read_by(model, source), tuple(source.arguments["pad"])
    return source, margins


def _read_by(model: Model, call: Call) -> Call | None:
    """The call that made the input of another; None where that is the pixels."""
    value = call.arguments["input"].value
    if value is None or value.call == INPUT:
        return None
    source = model.record.calls[value.call]
    if source.name not in model.layers or value.slot:
        raise Unanswerable(f"{call.name} reads only a part of {source.name}, which cannot be shown")
    return source


def _pads_zeros(call: Call) -> bool:
    """Zeros around the image axes, as a convolution's own padding would add them."""
    amounts = call.arguments.get("pad", ())
    return (
        call.operation == "pad"
        and call.arguments.get("mode", "constant") == "constant"
        and not call.arguments.get("value")
        and len(amounts) == 4
        and min(amounts) >= 0
    )


def _maps(model: Model, source: Call | None, call: Call, pixels: Tensor) -> np.ndarray:
    """What is convolved, float64 ``[C, H, W]``."""
    if source is None:
        return pixels.double().numpy()
    return outputs(model, pixels[None], [source.name])[source.name][0].astype(np.float64)


def _windows(call: Call, kernel: tuple[int, ...], margins: tuple[int, ...]) -> tuple[Window, Window]:
    """The windows along rows and columns, with what was padded before the call."""
    strides, dilations = (pair(call.arguments.get(name), 1) for name in ("stride", "dilation"))
    padding = call.arguments.get("padding", 0)
    own = (padding, padding) if isinstance(padding, str) else pair(padding, 0)
    outside = ((margins[2], margins[3]), (margins[0], margins[1]))
    rows, columns = (
        Window(int(kernel[i]), strides[i], dilations[i], _together(own[i], outside[i])) for i in range(2)
    )
    return rows, columns


def _together(own: Padding, outside: tuple[int, int]) -> Padding:
    if outside == (0, 0) or not isinstance(own, int):
        return own
    return own + outside[0], own + outside[1]
