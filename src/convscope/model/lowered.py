"""Deconvnet signals without autograd: switches from a short forward pass, then adjoints down the cone.

Above the last max-pool the signal does not depend on the image: there it is sent down once for all pairs of the
same unit and position, and the forward pass ends at that pool.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from convscope.model.adjoint import ADJOINTS, Step
from convscope.model.cone import Cone
from convscope.model.crop import Spans, map_shape
from convscope.model.cropped import CannotCrop, Crops, cut_pixels, pool_with_switches
from convscope.model.model import Model
from convscope.model.reading import Reader, read
from convscope.model.state import undisturbed
from convscope.model.tape import INPUT, Call, Value

Switches = dict[int, Tensor]


@dataclass(frozen=True)
class Units:
    """The units that are sent down: channels ``[U]``, positions ``[U, 2]``."""

    channels: Tensor
    positions: Tensor


def send_down(
    model: Model, cone: Cone, batch: Tensor, channels: Tensor, positions: Tensor
) -> tuple[Tensor, Tensor]:
    """The signal of unit n at image n, ``[N, C, h, w]``, and where it lies there, ``[N, 2]`` (top, left).

    Raises CannotCrop where the network will not run on crops.
    """
    batch, channels, positions = (tensor.to(model.device) for tensor in (batch, channels, positions))
    with torch.no_grad(), undisturbed(model.module):
        if cone.plan is None:
            corners, switches = torch.zeros_like(positions), _switches(model, cone, batch)
        else:
            pixels, corners = cut_pixels(batch, cone.plan, positions)
            switches = _switches_of_crops(model, cone, pixels, positions)
        return _descend(model, cone, Units(channels, positions), switches, batch.dtype), corners


def _switches(model: Model, cone: Cone, batch: Tensor) -> Switches:
    """Where each max-pool on the way finds its maxima on whole images."""
    names = {layer.index: name for name, layer in model.layers.items()}
    found: Switches = {}
    sources: dict[int, list[Call]] = {}
    for index in cone.pools:
        call = cone.record.calls[index]
        sources.setdefault(call.inputs[0].call, []).append(call)

    def reader(pools: list[Call]) -> Reader:
        def note(output: Tensor) -> None:
            for pool in pools:
                found[pool.index] = pool_with_switches(output, pool.arguments)[1]

        return note

    if INPUT in sources:
        reader(sources.pop(INPUT))(batch)
    if not sources.keys() <= names.keys():
        raise CannotCrop("what a max-pool reads is no map that can be read")
    if sources:
        read(model, batch, {names[source]: reader(pools) for source, pools in sources.items()})
    return found


def _switches_of_crops(model: Model, cone: Cone, pixels: Tensor, positions: Tensor) -> Switches:
    """The same on crops, each a place in the part of the map that the pool needs."""
    if not cone.pools or cone.plan is None:
        return {}
    found: Switches = {}
    Crops(cone.record, cone.plan, cone.pools[0], positions, pixels, lambda _: None, found).run(model.module)
    return found


def _descend(model: Model, cone: Cone, pairs: Units, switches: Switches, dtype: torch.dtype) -> Tensor:
    units, pair_of = _distinct(pairs)
    signals = {Value(cone.layer.index): _seed(cone, units, dtype)}
    shared = True
    for call in cone.calls:
        if shared and call.index in switches:
            units, shared = pairs, False
            signals = {value: signal[pair_of] for value, signal in signals.items()}
        given = cone.given[call.index]
        step = Step(call, model.module, cone.size(call), given is not None, switches.get(call.index))
        parts = ADJOINTS[call.operation](step, signals.pop(Value(call.index)))
        for value, part in zip(call.inputs, parts, strict=True):
            here = _placed(cone, value, given, part, units.positions)
            signals[value] = signals[value] + here if value in signals else here
    signal = signals[Value(INPUT)]
    return signal[pair_of] if shared else signal


def _distinct(pairs: Units) -> tuple[Units, Tensor]:
    """Each unit and position once, and which of them each pair is of."""
    keys, pair_of = torch.cat([pairs.channels[:, None], pairs.positions], 1).unique(
        dim=0, return_inverse=True
    )
    return Units(keys[:, 0], keys[:, 1:]), pair_of


def _seed(cone: Cone, units: Units, dtype: torch.dtype) -> Tensor:
    """1 at each unit, 0 elsewhere in what is held of its layer."""
    rows, channels = torch.arange(len(units.channels), device=units.channels.device), units.channels
    if cone.held[Value(cone.layer.index)] is not None:
        signal = _zeros((len(rows), cone.layer.channels, 1, 1), dtype, rows.device)
        signal[rows, channels, 0, 0] = 1
    elif len(cone.layer.shape) == 3:
        signal = _zeros((len(rows), *cone.layer.shape), dtype, rows.device)
        signal[rows, channels, units.positions[:, 0], units.positions[:, 1]] = 1
    else:
        signal = torch.zeros(len(rows), *cone.layer.shape, dtype=dtype, device=rows.device)
        signal[rows, channels] = 1
    return signal


def _zeros(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """In the layout in which transposed convolutions are quickest."""
    return torch.empty(shape, dtype=dtype, device=device, memory_format=torch.channels_last).zero_()


def _placed(cone: Cone, value: Value, given: Spans | None, part: Tensor, positions: Tensor) -> Tensor:
    """What a call gives to a value, in its place in what is held of that value."""
    held, shape = cone.held[value], map_shape(cone.record, value)
    if given is None:
        return part
    if held is None:
        return _pasted(part, given, shape, positions)
    (top, bottom), (left, right) = (
        (g.start - h.start, h.start + h.length - g.start - g.length) for g, h in zip(given, held, strict=True)
    )
    wide = (
        functional.pad(part, (left, right, top, bottom)) if (top, bottom, left, right) != (0,) * 4 else part
    )
    rows, columns = (span.inside(positions[:, axis], shape[2 + axis]) for axis, span in enumerate(held))
    if rows.all() and columns.all():
        return wide
    return wide * (rows[:, None, :, None] & columns[:, None, None, :])  # what fell on padding is lost


def _pasted(part: Tensor, given: Spans, shape: tuple[int, ...], positions: Tensor) -> Tensor:
    """Windows put into whole maps, each where its unit has it."""
    maps = _zeros((len(part), *shape[1:]), part.dtype, part.device)
    for whole, window, at in zip(maps, part, positions.tolist(), strict=True):
        (y, top, bottom), (x, left, right) = (
            span.overlap(place, length) for span, place, length in zip(given, at, shape[2:], strict=True)
        )
        whole[:, y : y + bottom - top, x : x + right - left] = window[:, top:bottom, left:right]
    return maps
