"""Several batches at once, each by a twin of the network on its share of the processor.

Where the cores share every operation of one batch instead, all but one wait whenever something is counted or decoded.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from math import prod
from typing import TypeVar

import torch

from convscope.model.model import Model

MOST = 4  # twins: more would wait for one another in Python
ROOM = 1 << 30  # bytes that all batches of all twins may take together
HELD = 2  # maps of the largest layer at a time: what an operation reads and what it makes

Worker = TypeVar("Worker")
Item = TypeVar("Item")
Result = TypeVar("Result")


def twins(model: Model, batch: int) -> list[Model]:
    """The model and its twins, as many as there are threads for and room for, batches of ``batch`` images at once.

    It stays alone on an accelerator, and where its module cannot be copied.
    """
    if model.device.type != "cpu":
        return [model]
    largest = max(4 * batch * prod(layer.shape) for layer in model.layers.values())
    most = max(1, min(MOST, torch.get_num_threads(), ROOM // (HELD * largest)))
    try:
        return [model, *(_twin(model) for _ in range(shared(torch.get_num_threads(), most) - 1))]
    except Exception:  # whatever a user's module makes of being copied: then there is one
        return [model]


def shared(threads: int, most: int) -> int:
    """How many, up to ``most``, share threads so that fewest are left over; several where there may be.

    >>> [shared(threads, 4) for threads in (1, 2, 3, 4, 5, 6, 7, 8, 12)]
    [1, 2, 3, 4, 4, 3, 3, 4, 4]
    """
    return max(range(1, most + 1), key=lambda count: (count > 1, count * (threads // count), count))


def _twin(model: Model) -> Model:
    """The same weights in modules of its own, so that what a pass notes in a module stays apart."""
    weights = {id(weight): weight for weight in model.module.parameters()}
    other = copy.copy(model)
    other.module = copy.deepcopy(model.module, weights)
    return other


def each(
    workers: list[Worker], items: Iterable[Item], work: Callable[[Worker, Item], Result]
) -> Iterator[Result]:
    """What ``work(worker, item)`` gives for every item, in the order in which it is done; each worker does one at a time.

    After an exception no more are begun; it is raised once those that had begun are done.
    """
    if len(workers) == 1:
        yield from (work(workers[0], item) for item in items)
        return
    threads, free = torch.get_num_threads(), list(workers)
    running: dict[Future[Result], Worker] = {}

    def finished() -> Iterator[Result]:
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            free.append(running.pop(future))
            yield future.result()

    torch.set_num_threads(threads // len(workers))  # before their threads begin, which then have as many
    try:
        with ThreadPoolExecutor(len(workers)) as pool:
            for item in items:
                worker = free.pop()
                running[pool.submit(work, worker, item)] = worker
                if not free:
                    yield from finished()
            while running:
                yield from finished()
    finally:
        torch.set_num_threads(threads)
