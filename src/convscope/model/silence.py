"""The network without some of its channels: held at zero while it runs, nothing of it changed."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from convscope.model.model import Model, class_scores
from convscope.model.reading import Reader, read


def silence(channels: Sequence[int] | slice) -> Reader:
    """A reader that sets channels of the layer it reads to zero before the next call sees them."""

    def zero(output: Tensor) -> None:
        output[:, channels] = 0

    return zero


def scores_without(
    model: Model, batches: Iterable[Tensor], layer: str, channels: Sequence[int] | slice
) -> Tensor:
    """Class scores ``[N, classes]`` with ``channels`` of ``layer`` at zero; ``slice(None)`` silences all of them.

    The pass itself is the user's own: the value that a call has just made is overwritten, no weight is.
    """
    found: list[Tensor] = []
    readers: dict[str, Reader] = {
        layer: silence(channels),
        model.output: lambda output: found.append(class_scores(output).clone()),
    }
    for batch in batches:
        read(model, batch.to(model.device), readers)
    return torch.cat(found).cpu()
