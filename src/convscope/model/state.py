"""Looking without touching: the state a pass needs, put back as it was found."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import nn


@contextmanager
def undisturbed(module: nn.Module) -> Iterator[None]:
    """Evaluation mode and full float32 inside; every flag as before outside, also after an exception."""
    flags = [(part, part.training) for part in module.modules()]
    weight = next(module.parameters(), None)
    # these flags are the whole process's: on a processor, where several threads may be inside, they decide nothing
    with _full_float32() if weight is not None and weight.is_cuda else nullcontext():
        try:
            _set_training((part, False) for part, _ in flags)
            yield
        finally:
            _set_training(flags)


@contextmanager
def _full_float32() -> Iterator[None]:
    tf32 = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = tf32


def _set_training(flags: Iterable[tuple[nn.Module, bool]]) -> None:
    for part, training in flags:
        if part.training != training:  # a module is slow to set
            part.training = training
