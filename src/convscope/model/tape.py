"""One forward pass, recorded call by call, without changing the network.

A torch function mode sees every operation, written as a module or as a function, in place or not; module
hooks that live only for the pass, and only for this thread, say where in the network it happened.
"""

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from convscope.errors import BadModel
from convscope.model.names import unique_names
from convscope.model.operations import RECTIFIERS, arguments, canonical
from convscope.model.readable import refuse_unreadable
from convscope.model.state import undisturbed
from convscope.model.watch import Watch, made_by

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
    """One operation of the pass; tensors among ``arguments`` are replaced by ``Ref``.

    ``aliased``: it reads a tensor of which a view has been written since, so ``inputs`` names the writer too.
    """

    index: int
    name: str
    operation: str
    module: str
    arguments: dict[str, Any]
    inputs: tuple[Value, ...]
    weights: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    floating: bool
    aliased: bool = False

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


class Noted(NamedTuple):
    """What is kept of an operation while the pass runs: as little as will do, for the pass must stay cheap."""

    operation: str
    module: str
    plain: tuple[tuple[Any, ...], dict[str, Any]]
    inputs: list[Value]
    weights: list[str]
    shapes: tuple[tuple[int, ...], ...]
    floating: bool
    aliased: bool


class Mark(weakref.ref[Tensor]):
    """A tensor of the pass, not kept alive, and its id, which names it only while it lives."""

    __slots__ = ("key",)
    key: int


ATOMS = frozenset({int, float, bool, str, type(None), torch.dtype, torch.device, torch.memory_format})


class Found(NamedTuple):
    """What the tensors among the arguments of a call were."""

    inputs: list[Value]
    weights: list[str]
    writers: list[Value]  # calls that have since written into a tensor under another name


# they may return what they were given, but write nothing into it
UNWRITTEN = {"contiguous", "to", "float", "double", "requires_grad", "cpu", "type", "expand_as", "view_as"}


class Tape(Watch):
    """Records every operation that yields a tensor."""

    def __init__(self, module: nn.Module, input_: Tensor):
        super().__init__()
        self.noted: list[Noted] = []
        self.values: dict[int, Value] = {}
        self.marks: list[Mark] = []
        named = list(module.named_modules())
        self.paths = {id(part): path for path, part in named}
        self.leaves = {id(part) for _, part in named if next(part.children(), None) is None}
        self.weights = {id(weight): name for name, weight in module.named_parameters()}
        self.inside: list[str] = []
        self.own: dict[int, str] = {}  # calls that bear the name of the module that they are
        self.written: dict[int, Value] = {}  # who wrote last into a tensor that may have views
        self._mark(input_, Value(INPUT))

    def _meet(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        operation = canonical(func)
        result = func(*args, **kwargs)
        outputs = made_by(operation, args, result)
        if outputs:
            self._note(operation, args, kwargs, outputs)
            if args and outputs[0] is args[0] and operation not in UNWRITTEN:
                root = outputs[0] if outputs[0]._base is None else outputs[0]._base
                self.written[id(root)] = Value(len(self.noted) - 1)
        return result

    def _note(self, operation: str, args: Any, kwargs: dict[str, Any], outputs: list[Tensor]) -> None:
        found = Found([], [], [])
        plain = tuple([item if type(item) in ATOMS else self._plain(item, found) for item in args])
        named = {name: self._plain(item, found) for name, item in kwargs.items()}
        module = self.inside[-1] if self.inside else ""
        shapes = tuple([tuple(output.shape) for output in outputs])
        inputs, floating = found.inputs + found.writers, outputs[0].is_floating_point()
        self.noted.append(
            Noted(
                operation,
                module,
                (plain, named),
                inputs,
                found.weights,
                shapes,
                floating,
                bool(found.writers),
            )
        )
        for slot, output in enumerate(outputs):
            self._mark(output, Value(len(self.noted) - 1, slot))

    def _plain(self, tree: Any, found: Found) -> Any:
        """The argument with its tensors replaced by Ref; which values and weights they were goes to ``found``."""
        if isinstance(tree, Tensor):
            return self._ref(tree, found)
        if isinstance(tree, tuple | list):  # most are pairs of numbers
            return tuple([item if type(item) in ATOMS else self._plain(item, found) for item in tree])
        if isinstance(tree, dict):
            return {name: self._plain(item, found) for name, item in tree.items()}
        return tree

    def _ref(self, tensor: Tensor, found: Found) -> Ref:
        value, weight = self.values.get(id(tensor)), self.weights.get(id(tensor), "")
        if value is not None:
            found.inputs.append(value)
            if self.written and (writer := self._writer(tensor, value)):
                found.writers.append(writer)
        if weight:
            found.weights.append(weight)
        return Ref(value, tuple(tensor.shape), weight)

    def _writer(self, tensor: Tensor, value: Value) -> Value | None:
        """Who wrote into this tensor, through a view or into what it is a view of, since it was made."""
        base = tensor._base
        writer = self.written.get(id(tensor if base is None else base))
        return writer if writer and value.call < writer.call else None

    def _mark(self, tensor: Tensor, value: Value) -> None:
        """From now on this tensor is that value. Keeping it alive would cost a pass the memory it could reuse."""
        key = id(tensor)
        if key not in self.values:
            mark = Mark(tensor, self._forget)
            mark.key = key
            self.marks.append(mark)
        self.values[key] = value

    def _forget(self, mark: weakref.ref[Tensor]) -> None:
        self.values.pop(mark.key, None)  # type: ignore[attr-defined]
        self.written.pop(mark.key, None)  # type: ignore[attr-defined]

    def leave(self, module: nn.Module, result: Any) -> None:
        """A module without children gives its own name to the call that made its result."""
        path = self.inside.pop()
        if id(module) in self.leaves and path and isinstance(result, Tensor):
            value = self.values.get(id(result))
            if value and value.call != INPUT and self.noted[value.call].module == path:
                self.own[value.call] = path

    def finish(self) -> tuple[Call, ...]:
        """The calls, under unique names."""
        where = [(noted.module, noted.operation, index in self.own) for index, noted in enumerate(self.noted)]
        names = unique_names(where, set(self.paths.values()))
        return tuple(
            Call(
                index, names[index], noted.operation, noted.module, arguments(noted.operation, *noted.plain),
                tuple(noted.inputs), tuple(noted.weights), noted.shapes, noted.floating, noted.aliased,
            )
            for index, noted in enumerate(self.noted)
        )  # fmt: skip


def ancestors(calls: Sequence[Call], index: int) -> set[int]:
    """The calls that a call depends on, itself included, and ``INPUT`` if it depends on the pixels."""
    found: set[int] = set()
    waiting = [index]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(value.call for value in calls[current].inputs if current != INPUT)
    return found


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

    # also where a part's forward fails and the network goes on without it
    handles = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@lru_cache(maxsize=1024)
def rectifies(overload: Any) -> bool:
    """Whether an operation below the tape is a rectifier: ``aten.relu_.default`` is."""
    return overload.overloadpacket.__name__.rstrip("_") in RECTIFIERS


class Witness(TorchDispatchMode):
    """Counts rectifiers below the tape, where no spelling can hide one from it."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing compiled is recorded, and skipping costs as much as the counting

    def __init__(self) -> None:
        super().__init__()
        self.rectifiers = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.rectifiers += rectifies(func)
        with torch._C.DisableTorchFunction():  # an operation of scripted code is not the tape's to see
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


def _advice(error: Exception) -> str:
    if "require grad" in str(error):  # it differentiates something itself, and is recorded without gradients
        return "Let its forward take gradients under torch.enable_grad()."
    return "Pass the input_size= it was made for."


def record(module: nn.Module, example: Tensor, choose: str | int | None = None) -> Record:
    """Run ``module`` once on ``example`` ``[N, C, H, W]`` and record it; the result is its own.

    Raises BadModel, naming the input's shape, when the forward fails.
    """
    refuse_unreadable(module)
    batch = example.clone()
    tape, witness = Tape(module, batch), Witness()
    with undisturbed(module), torch.no_grad(), module_names(tape):
        try:
            with witness, tape:
                result = module(batch)
        except Exception as error:
            shape = " x ".join(map(str, example.shape))
            raise BadModel(
                f"the model's forward fails on an input of {shape}: {str(error).rstrip('.')}. {_advice(error)}"
            ) from error
    scores = single_output(result, choose)
    output = tape.values.get(id(scores))
    if output is None or output.call == INPUT:
        raise BadModel("the model's output is not made by any torch operation that can be recorded")
    if scores.dim() not in (2, 4):
        raise BadModel(
            f"the model's forward returns a tensor of {' x '.join(map(str, scores.shape))}, but class scores are N x classes, "
            "or maps N x classes x H x W: open a module that returns them, or pass output="
        )
    calls = tape.finish()
    if INPUT not in ancestors(calls, output.call):
        raise BadModel(
            f"nothing that can be recorded leads from the input to {calls[output.call].name}: a part of the network "
            "is scripted, compiled or runs outside torch; open the network without it"
        )
    return Record(calls, output, tuple(scores.shape), tuple(example.shape), witness.rectifiers)
