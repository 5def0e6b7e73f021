"""One forward pass, recorded call by call, without changing the network.

A torch function mode sees every operation, written as a module or as a function, in place or not; module
hooks that live only for the pass, and only for this thread, say where in the network it happened.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from convscope.errors import BadModel
from convscope.model.operations import RECTIFIERS, arguments, canonical
from convscope.model.state import undisturbed

INPUT = -1


class Value(NamedTuple):
    """One tensor of the pass: the call that made it (``INPUT`` for the network's input) and which output."""

    call: int
    slot: int = 0


class Ref(NamedTuple):
    """A tensor among the arguments of a call: its value (None for weights and constants), shape, weight's name."""

    value: Value | None
    shape: tuple[int, ...]
    weight: str = ""


@dataclass(frozen=True)
class Call:
    """One operation of the pass; tensors among ``arguments`` are replaced by ``Ref``."""

    index: int
    name: str
    operation: str
    module: str
    arguments: dict[str, Any]
    inputs: tuple[Value, ...]
    weights: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    floating: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return self.shapes[0]


@dataclass(frozen=True)
class Record:
    """A whole pass: its calls in running order, the output's value, and what an outside witness counted."""

    calls: tuple[Call, ...]
    output: Value
    output_shape: tuple[int, ...]
    input_shape: tuple[int, ...]
    witnessed: int

    @property
    def rectifiers(self) -> int:
        """Rectifier calls that the tape saw; equal to ``witnessed`` unless some hid from it."""
        return sum(call.operation in RECTIFIERS for call in self.calls)


def tensors_in(tree: Any) -> Iterator[Tensor]:
    """Every tensor in nested tuples, lists and dicts."""
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, tuple | list):
        for item in tree:
            yield from tensors_in(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from tensors_in(item)


class Tape(TorchFunctionMode):
    """Records every operation that yields a tensor."""

    def __init__(self, module: nn.Module, input_: Tensor):
        super().__init__()
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.values: dict[int, Value] = {id(input_): Value(INPUT)}
        self.alive: list[Tensor] = [input_]  # an id names a tensor only while the tensor lives
        self.paths = {id(part): path for path, part in reversed(list(module.named_modules()))}
        self.weights = {id(weight): name for name, weight in module.named_parameters()}
        self.inside: list[str] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        written = args[0] if canonical(func) == "assign" else None
        outputs = [written] if isinstance(written, Tensor) else list(tensors_in(result))
        if outputs:
            self._note(func, args, kwargs, outputs)
        return result

    def _note(
        self, func: Callable[..., Any], args: Any, kwargs: dict[str, Any], outputs: list[Tensor]
    ) -> None:
        operation = canonical(func)
        plain = arguments(operation, *self._plain((args, kwargs)))
        inputs = tuple(self.values[id(t)] for t in tensors_in((args, kwargs)) if id(t) in self.values)
        weights = tuple(self.weights[id(t)] for t in tensors_in((args, kwargs)) if id(t) in self.weights)
        index = len(self.calls)
        module = self.inside[-1] if self.inside else ""
        name = f"{module}.{operation}" if module else operation
        shapes = tuple(tuple(output.shape) for output in outputs)
        call = Call(
            index, name, operation, module, plain, inputs, weights, shapes, outputs[0].is_floating_point()
        )
        self.calls.append(call)
        for slot, output in enumerate(outputs):
            self.values[id(output)] = Value(index, slot)
            self.alive.append(output)

    def _plain(self, tree: Any) -> Any:
        if isinstance(tree, Tensor):
            return Ref(self.values.get(id(tree)), tuple(tree.shape), self.weights.get(id(tree), ""))
        if isinstance(tree, tuple | list):
            return tuple(self._plain(item) for item in tree)
        if isinstance(tree, dict):
            return {name: self._plain(item) for name, item in tree.items()}
        return tree

    def leave(self, module: nn.Module, result: Any) -> None:
        """A module without children gives its own name to the call that made its result."""
        path = self.inside.pop()
        if not path or next(module.children(), None) is not None or not isinstance(result, Tensor):
            return
        value = self.values.get(id(result))
        if value and value.call != INPUT and self.calls[value.call].module == path:
            self.calls[value.call] = replace(self.calls[value.call], name=path)

    def finish(self) -> tuple[Call, ...]:
        """The calls under unique names: the second call of a name gets ``#2``."""
        named = []
        for call in self.calls:
            self.counts[call.name] += 1
            count = self.counts[call.name]
            named.append(call if count == 1 else replace(call, name=f"{call.name}#{count}"))
        return tuple(named)


@contextmanager
def module_names(tape: Tape) -> Iterator[None]:
    """Tell the tape which module runs, in this thread and for this pass only."""
    thread = threading.get_ident()

    def enter(module: nn.Module, _: Any) -> None:
        if threading.get_ident() == thread and id(module) in tape.paths:
            tape.inside.append(tape.paths[id(module)])

    def leave(module: nn.Module, _: Any, result: Any) -> None:
        if threading.get_ident() == thread and id(module) in tape.paths:
            tape.leave(module, result)

    handles = [register_module_forward_pre_hook(enter), register_module_forward_hook(leave)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


class Witness(TorchDispatchMode):
    """Counts rectifiers below the tape, where no spelling can hide one from it."""

    def __init__(self) -> None:
        super().__init__()
        self.rectifiers = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func.overloadpacket.__name__.rstrip("_") in RECTIFIERS:
            self.rectifiers += 1
        return func(*args, **(kwargs or {}))


def single_output(result: Any, choose: str | int | None) -> Tensor:
    """The tensor of scores in what a forward returned; raises BadModel when it is not clear which."""
    if choose is not None:
        try:
            result = result[choose]
        except (KeyError, IndexError, TypeError) as error:
            raise BadModel(
                f"the model's forward returns no output {choose!r}: it returns {_kinds(result)}"
            ) from error
    if isinstance(result, Tensor):
        return result
    raise BadModel(
        f"the model's forward returns {_kinds(result)}: pass output= with the key or index of the class scores"
    )


def _kinds(result: Any) -> str:
    if isinstance(result, dict):
        return f"a dict with keys {', '.join(map(repr, result))}"
    if isinstance(result, tuple | list):
        return f"{len(result)} values"
    return f"a {type(result).__name__}"


def record(module: nn.Module, example: Tensor, choose: str | int | None = None) -> Record:
    """Run ``module`` once on ``example`` ``[N, C, H, W]`` and record it; the result is its own.

    Raises BadModel, naming the input's shape, when the forward fails.
    """
    batch = example.clone()
    tape, witness = Tape(module, batch), Witness()
    with undisturbed(module), torch.no_grad(), module_names(tape):
        try:
            with witness, tape:
                result = module(batch)
        except Exception as error:
            shape = " x ".join(map(str, example.shape))
            raise BadModel(
                f"the model's forward fails on an input of {shape}: {error}. Pass the input_size it was made for."
            ) from error
    scores = single_output(result, choose)
    output = tape.values.get(id(scores))
    if output is None or output.call == INPUT:
        raise BadModel("the model's output is not made by any torch operation that can be recorded")
    return Record(tape.finish(), output, tuple(scores.shape), tuple(example.shape), witness.rectifiers)
