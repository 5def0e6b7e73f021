"""The user's own forward pass, on crops that hold just what one unit of each image needs.

Exact at the image's border too: a crop may reach beyond a map, and what lies there is blanked, with zero or
below any value for a maximum, before each operation that would have padded; the operation itself pads no more.
A network that pads by the size of what it is given ("same") may pad a crop where it left the image alone, or the
other way round: it is the recorded pass that counts.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.nn import functional

from convscope.errors import BadModel
from convscope.model.crop import Plan, map_shape
from convscope.model.operations import MAX_POOLS, arguments, canonical
from convscope.model.reading import Stopped
from convscope.model.tape import INPUT, Record, Value
from convscope.model.watch import Watch, tensors_in

PADDED = MAX_POOLS | {"conv2d", "avg_pool2d"}
LOWEST = -1e30  # below any activation, and finite, so that what is blanked later never becomes NaN


class CannotCrop(BadModel):
    """The pass cannot be run on crops; the whole image can."""


class Crops(Watch):
    """Runs the recorded calls on crops; ``reader`` gets the layer's output, ``[N, C, 1, 1]``.

    ``switches``, where given, takes for each max-pool, by its index, where in its input the maxima were.
    """

    def __init__(
        self,
        record: Record,
        plan: Plan,
        last: int,
        positions: Tensor,
        pixels: Tensor,
        reader: Callable[[Tensor], None],
        switches: dict[int, Tensor] | None = None,
    ):
        super().__init__()
        self.record, self.plan, self.last, self.reader = record, plan, last, reader
        self.positions, self.switches = positions, switches
        self.index = 0
        self.values = {id(pixels): Value(INPUT)}
        self.alive = [pixels]
        self.response_norms: list[Node] = []

    def run(self, module: nn.Module) -> None:
        """The forward pass up to the last call; raises CannotCrop where the network will not run on crops."""
        try:
            with self:
                module(self.alive[0])
        except Stopped:
            pass
        except RuntimeError as error:  # code of the model's own that relies on the size of its input
            raise CannotCrop(str(error)) from error

    def _meet(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = canonical(func)
        if operation == "pad" and self._expected() != "pad":
            return arguments(operation, args, kwargs)["input"]
        if operation in PADDED and self._expected() == "pad":
            args, kwargs = (), self._padded_as_recorded(arguments(operation, args, kwargs))
        inputs, expected = self.plan.inputs.get(self.index), self._expected()
        if inputs is None or operation != expected:
            result = func(*args, **kwargs)
        else:
            result = self._on_crops(func, operation, args, kwargs)
        outputs = list(tensors_in(result))
        if outputs:
            self._arrive(operation, expected, outputs)
        return result

    def _expected(self) -> str:
        return self.record.calls[self.index].operation if self.index < len(self.record.calls) else ""

    def _padded_as_recorded(self, named: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a window, its input padded by the call that was recorded before it."""
        call = self.record.calls[self.index]
        if self.values.get(id(named["input"])) != call.inputs[0]:
            raise CannotCrop(f"call {self.index} padded another value when it was recorded")
        named["input"] = self._padded(named["input"], call.arguments)
        self._arrive("pad", "pad", [named["input"]])
        return named

    def _padded(self, tensor: Tensor, settings: dict[str, Any]) -> Tensor:
        """A tensor of its own, even where nothing is blanked: the value before may be asked for again."""
        if self.index not in self.plan.inputs:
            return tensor.view_as(tensor)
        part = self._needed(tensor, settings.get("value") or 0.0)
        return part.view_as(part)

    def _arrive(self, operation: str, expected: str, outputs: list[Tensor]) -> None:
        if operation != expected:
            raise CannotCrop(f"call {self.index} is {operation}, but {expected} was recorded")
        for slot, output in enumerate(outputs):
            self.values[id(output)] = Value(self.index, slot)
            self.alive.append(output)
        if operation == "local_response_norm" and outputs[0].grad_fn is not None:
            self.response_norms.append(outputs[0].grad_fn)
        if self.index == self.last:
            self.reader(outputs[0])
            raise Stopped
        self.index += 1

    def _on_crops(self, func: Any, operation: str, args: Any, kwargs: dict[str, Any]) -> Any:
        if operation == "pad":
            named = arguments(operation, args, kwargs)
            return self._padded(named["input"], named)
        if operation in MAX_POOLS or "pool" in operation or operation == "conv2d":
            named = arguments(operation, args, kwargs)
            named |= {"padding": 0} | ({} if operation == "conv2d" else {"ceil_mode": False})
            named["input"] = self._needed(named["input"], LOWEST if operation in MAX_POOLS else 0.0)
            return func(**named) if self.switches is None else self._noting(func, operation, named)
        sliced = self._replaced(args), self._replaced(kwargs)
        result = func(*sliced[0], **sliced[1])
        if any(
            result is new and new is not old
            for new, old in zip(tensors_in(sliced), tensors_in((args, kwargs)), strict=True)
        ):
            raise CannotCrop(f"call {self.index} writes into a part of its input")
        return result

    def _noting(self, func: Any, operation: str, named: dict[str, Any]) -> Any:
        if operation != "max_pool2d" or self.switches is None:
            return func(**named)
        result, self.switches[self.index] = pool_with_switches(named["input"], named)
        return result

    def _replaced(self, tree: Any) -> Any:
        if isinstance(tree, Tensor):
            return self._slice(tree)
        if isinstance(tree, tuple | list):
            return type(tree)(self._replaced(item) for item in tree)
        if isinstance(tree, dict):
            return {name: self._replaced(item) for name, item in tree.items()}
        return tree

    def _slice(self, tensor: Tensor) -> Tensor:
        """The part of a value that this call needs; the tensor itself where that is all of it."""
        value = self.values.get(id(tensor))
        if value is None or value not in self.plan.inputs[self.index]:
            return tensor
        wanted, held = self.plan.inputs[self.index][value], self.plan.needs[value]
        if wanted == held:
            return tensor
        (top, height), (left, width) = (
            (w.start - h.start, w.length) for w, h in zip(wanted, held, strict=True)
        )
        return tensor[:, :, top : top + height, left : left + width]

    def _needed(self, tensor: Tensor, fill: float) -> Tensor:
        """The part that this call needs, with ``fill`` where it reaches beyond the map."""
        value = self.values[id(tensor)]
        spans = self.plan.inputs[self.index][value]
        shape = map_shape(self.record, value)
        rows, columns = (
            span.inside(self.positions[:, axis], shape[2 + axis]) for axis, span in enumerate(spans)
        )
        part = self._slice(tensor)
        if rows.all() and columns.all():
            return part
        # times and plus, not masked_fill: that would look like the network's own doing, a rectifier in disguise
        fill = max(fill, LOWEST)
        inside = (rows[:, None, :, None] & columns[:, None, None, :]).to(part)
        return part * inside + (1 - inside) * fill if fill else part * inside


def pool_with_switches(maps: Tensor, settings: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """A max-pool, and where in ``maps`` its maxima were, row after row."""
    quick = maps.contiguous(memory_format=torch.channels_last)  # no layout changes a maximum
    names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
    return functional.max_pool2d_with_indices(quick, **{n: settings[n] for n in names if n in settings})


def cut_pixels(batch: Tensor, plan: Plan, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Each image's crop ``[N, C, h, w]``, zero beyond the image, and its corner ``[N, 2]`` (top, left)."""
    rows, columns = plan.pixels
    corners = torch.stack(
        [positions[:, 0] * rows.stride + rows.start, positions[:, 1] * columns.stride + columns.start], 1
    )
    crops = batch.new_zeros(len(batch), batch.shape[1], rows.length, columns.length)
    for crop, image, (top, left) in zip(crops, batch, corners.tolist(), strict=True):
        y, x = max(top, 0), max(left, 0)
        part = image[:, y : max(top + rows.length, 0), x : max(left + columns.length, 0)]
        crop[:, y - top : y - top + part.shape[1], x - left : x - left + part.shape[2]] = part
    return crops, corners
