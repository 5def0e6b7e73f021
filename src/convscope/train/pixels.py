"""Every image decoded once and kept as uint8 model pixels in memory."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from convscope.images.source import Images
from convscope.plain.fit import Fit
from convscope.plain.threads import in_threads


@dataclass(frozen=True, eq=False)
class Pixels:
    """uint8 ``[n, channels, height, width]`` and int64 labels ``[n]``, in the order of the images."""

    values: Tensor
    labels: Tensor
    ids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Pixels":
        return replace(self, values=self.values.to(device), labels=self.labels.to(device))

    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation per channel, in units where white is 1."""
        counts = torch.stack([torch.bincount(c.flatten().int(), minlength=256) for c in self.channels()])
        share = counts.double() / counts.sum(1, keepdim=True)
        levels = torch.arange(256, dtype=torch.float64) / 255
        mean = share @ levels
        spread = ((share @ levels**2) - mean**2).clamp_min(1e-4).sqrt()
        return tuple(mean.tolist()), tuple(spread.tolist())

    def channels(self) -> tuple[Tensor, ...]:
        return self.values.unbind(1)


def load(images: Images, fit: Fit, workers: int | None = None) -> Pixels:
    """Decode and fit every image; the pixels need ``n * channels * height * width`` bytes.

    ``workers`` threads share the work, 0 for none; each image has its place, so that their number changes
    no bit.
    """
    values = np.empty((len(images), fit.height, fit.width, fit.channels), np.uint8)

    def place(row: int) -> None:
        values[row] = fit.apply(images[row])

    in_threads(place, range(len(images)), workers)
    # the bytes stay in rows of pixels: the layout convolutions are quickest on
    pixels = torch.from_numpy(values).permute(0, 3, 1, 2)
    return Pixels(pixels, torch.from_numpy(images.labels.copy()), images.ids)
