"""Seeing every torch operation of this thread, written as a module, a function or a method, in place or not."""

from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode


class Watch(TorchFunctionMode):
    """Hands each operation to ``_meet``, which must run it and return its result."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        return self._meet(func, args, kwargs or {})

    def _meet(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError


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


def made_by(operation: str, args: tuple[Any, ...], result: Any) -> list[Tensor]:
    """The tensors that an operation made; ``x[...] = y`` returns nothing and makes x anew."""
    if type(result) is Tensor:
        return [result]
    return [args[0]] if operation == "assign" else list(tensors_in(result))
