"""What happens when a batch does not fit in memory: it is shown in parts, and learnt from as one."""

from collections.abc import Callable

import torch

from convscope.errors import BadSpec
from convscope.train.batches import Batch
from convscope.train.state import State

WORDS = ("out of memory", "can't allocate memory", "not enough memory", "cannot allocate")


Measured = tuple[float, float]


def shown_in_parts(state: State, batch: Batch, show: Callable[[list[Batch]], Measured]) -> Measured:
    """What ``show`` returns; it is given smaller and smaller parts, from now on, until they fit.

    Gradients of the parts add up to those of the batch; batch norm sees the statistics of a part. Raises
    BadSpec where a single image is too much.
    """
    while True:
        counters = [buffer.clone() for buffer in state.net.buffers()]
        try:
            return show(batch.split(state.parts))
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            if state.parts >= len(batch):
                raise BadSpec("one image alone does not fit in memory: choose a smaller --imgsz") from error
        _start_again(state, counters)
        state.parts *= 2
        state.notes.append(
            f"Memory ran out at step {state.step + 1}: from there each batch was shown in {state.parts} parts."
        )


def out_of_memory(error: Exception) -> bool:
    """Whether an error, of any device, says so."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in WORDS)


def _start_again(state: State, counters: list[torch.Tensor]) -> None:
    # a forward pass that broke off may have moved the statistics of batch norm
    state.optimizer.zero_grad()
    with torch.no_grad():
        for buffer, before in zip(state.net.buffers(), counters, strict=True):
            buffer.copy_(before)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
