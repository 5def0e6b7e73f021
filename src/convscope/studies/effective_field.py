"""How much of its receptive field a unit really uses, measured by gradient.

Luo, Li, Urtasun & Zemel 2016 (arXiv 1701.04128): send 1 down from the centre unit of a layer and 0 from
all others, and average over pictures what arrives at the pixels. It looks like a Gaussian much smaller
than the theoretical field; ``convscope.arithmetic.effective`` holds the theory for uniform linear stacks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.arithmetic.effective import effective_width, spread
from convscope.errors import BadImages, Unanswerable
from convscope.model.backward import descend
from convscope.model.model import Model
from convscope.model.reading import read
from convscope.plain.boxes import Box
from convscope.plain.unit import Unit

BATCH = 8
SEEDING = (
    "all channels at the position, each with a random sign drawn anew for every picture; "
    "absolute gradients, summed over colours, averaged over pictures"
)


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """What the pixels weigh for one position of a layer; pairs are (vertical, horizontal), in pixels.

    ``weight`` float64 ``[height, width]`` is of the model's input; ``box`` the theoretical field, clipped;
    ``theoretical`` its size, not clipped; ``seeding`` says what was sent down.
    """

    layer: str
    position: tuple[int, int]
    weight: np.ndarray
    box: Box
    theoretical: tuple[int, int]
    images: int
    seeding: str = SEEDING

    @property
    def profiles(self) -> tuple[np.ndarray, np.ndarray]:
        """Weight by row and by column, each summing to 1; all zero where nothing arrived."""
        total = self.weight.sum() or 1.0
        return self.weight.sum(axis=1) / total, self.weight.sum(axis=0) / total

    @property
    def width(self) -> tuple[int, int]:
        """Rows and columns that weigh more than 4.55 % of the heaviest one."""
        down, across = self.profiles
        return effective_width(down), effective_width(across)

    @property
    def sigma(self) -> tuple[float, float]:
        """The standard deviation of both profiles."""
        down, across = self.profiles
        return spread(down), spread(across)

    @property
    def share(self) -> tuple[float, float]:
        """The width as a share of the theoretical field."""
        return self.width[0] / self.theoretical[0], self.width[1] / self.theoretical[1]

    @property
    def pixels(self) -> int:
        """How many pixels weigh more than 4.55 % of the heaviest one, as the paper counts."""
        return effective_width(self.weight.ravel())


def effective_field(
    model: Model,
    layer: str,
    images: Iterable[Any],
    *,
    position: tuple[int, int] | None = None,
    most: int = 64,
    seed: int = 0,
) -> EffectiveField:
    """The effective receptive field of the centre unit of a layer over at most so many images.

    ``images`` are uint8 arrays or finished float tensors. Raises UnknownName for a layer or position that
    does not exist, Unanswerable where no gradient reaches the pixels, BadImages where there is no image.

    >>> field = effective_field(model, "conv4", images)  # doctest: +SKIP
    >>> field.width, field.theoretical, field.share  # doctest: +SKIP
    """
    found = model.layer(layer)
    y, x = position or (found.height // 2, found.width // 2)
    model.check(Unit(layer, 0, (y, x)))
    generator = torch.Generator().manual_seed(seed)
    total, count = torch.zeros(model.fit.height, model.fit.width, dtype=torch.float64), 0
    for batch in _batches(model, islice(images, most)):
        signs = torch.randint(0, 2, (len(batch), found.channels), generator=generator) * 2 - 1
        total += _weights(model, layer, batch, (y, x), signs)
        count += len(batch)
    if not count:
        raise BadImages("no image was given: an effective receptive field is an average over pictures")
    field = found.field
    return EffectiveField(layer, (y, x), (total / count).numpy(), field.at(y, x), field.size, count)


def _batches(model: Model, images: Iterable[Any]) -> Iterator[Tensor]:
    waiting = iter(images)
    while some := [model.preprocess(image) for image in islice(waiting, BATCH)]:
        yield torch.stack(some)


def _weights(model: Model, layer: str, batch: Tensor, position: tuple[int, int], signs: Tensor) -> Tensor:
    """Absolute gradients ``[height, width]`` of the seeded unit, summed over colours and pictures."""
    pixels = batch.to(model.device).requires_grad_(True)
    seeded: list[Tensor] = []

    def select(output: Tensor) -> None:
        unit = output[:, :, position[0], position[1]] if output.dim() > 2 else output
        seeded.append((unit * signs.to(unit)).sum(dim=1))

    read(model, pixels, {layer: select}, gradients=True)
    signal, descent = descend(seeded[0], pixels, "gradient")
    if not descent.reaches_pixels:
        raise Unanswerable(
            f"no gradient reaches the pixels from {layer} of {model.name}: choose another layer"
        )
    return signal.abs().sum(dim=(0, 1)).double().cpu()
