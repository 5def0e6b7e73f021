"""Reading layers while the network runs: each value at its own call, before anything can overwrite it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import GradientEdge, get_gradient_edge

from convscope.errors import BadModel
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import canonical
from convscope.model.state import undisturbed
from convscope.model.watch import Watch, made_by

Reader = Callable[[Tensor], Any]


class Stopped(Exception):
    """The last layer that was asked for has been read."""


class _Follow(Watch):
    """Counts calls as the tape did, and hands over the outputs that were asked for."""

    def __init__(self, model: Model, readers: Mapping[int, Reader], gentle: Callable[[Tensor], None] | None):
        super().__init__()
        self.calls = model.record.calls
        self.readers = readers
        self.last = max(readers)
        self.index = 0
        self.gentle = gentle

    def _meet(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = canonical(func)
        result = func(*args, **kwargs)
        outputs = made_by(operation, args, result)
        if outputs:
            self._arrive(operation, outputs[0])
        return result

    def _arrive(self, operation: str, output: Tensor) -> None:
        index, self.index = self.index, self.index + 1
        if index >= len(self.calls) or self.calls[index].operation != operation:
            raise BadModel(
                f"the forward pass took another way than when it was recorded (call {index} is {operation}): "
                "networks whose operations depend on the image cannot be read"
            )
        if self.gentle and operation == "local_response_norm":
            self.gentle(output)
        if index in self.readers and output.shape[1:] != self.calls[index].shape[1:]:
            raise BadModel(
                f"{self.calls[index].name} gives {tuple(output.shape[1:])} for these images and gave "
                f"{self.calls[index].shape[1:]} when it was recorded: networks whose shapes depend on the image cannot be read"
            )
        if index in self.readers:
            self.readers[index](output)
        if index == self.last:
            raise Stopped


def read(
    model: Model,
    batch: Tensor,
    readers: Mapping[str, Reader],
    *,
    gradients: bool = False,
    on_response_norm: Callable[[Tensor], None] | None = None,
) -> None:
    """Run ``model`` on ``batch`` and call ``readers[layer](output)`` at each layer's own call, then stop.

    Outputs come with channels in dimension 1. A reader must reduce or copy: the tensor may be overwritten
    by the next call. With ``gradients`` the outputs are connected to ``batch`` by autograd. Raises BadModel
    when the pass does not follow the record.
    """
    by_index = {
        model.layer(name).index: _facing(model.layer(name), reader) for name, reader in readers.items()
    }
    follow = _Follow(model, by_index, on_response_norm)
    grad: AbstractContextManager[Any] = torch.enable_grad() if gradients else torch.no_grad()
    with undisturbed(model.module), grad:
        # a copy, so that a first layer that works in place neither touches the user's tensor nor a leaf
        pixels = batch.clone()
        try:
            with follow:
                model.module(pixels)
        except Stopped:
            return
    raise BadModel(
        f"the forward pass ended before layer {max(readers, key=lambda name: model.layer(name).index)}"
    )


def _facing(layer: Layer, reader: Reader) -> Reader:
    """Channels to dimension 1, whatever the network's own order."""
    return reader if layer.axis == 1 else lambda output: reader(output.movedim(layer.axis, 1))


def edge_of(output: Tensor, axis: int) -> GradientEdge:
    """Where the gradient of an output, as a reader gets it, is to be had, also after a later call has overwritten it.

    ``axis`` is the dimension that counts the layer's channels in the network's own order.
    """
    if axis == 1:
        return get_gradient_edge(output)
    assert output.grad_fn is not None
    # the output seen is a turned view; the pass goes on below it
    node, number = output.grad_fn.next_functions[0]
    assert node is not None
    return GradientEdge(node, number, None)
