"""Every image decoded once and kept as uint8 model pixels in memory."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from convscope.images.source import Images
from convscope.plain.fit import Fit


@dataclass(frozen=True, eq=False)
class Pixels:
    """uint8 ``[n, channels, height, width]`` and int64 labels ``[n]``, in the order of the images."""

    values: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Pixels":
        return Pixels(self.values.to(device), self.labels.to(device))

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


def load(images: Images, fit: Fit) -> Pixels:
    """Decode and fit every image; the pixels need ``n * channels * height * width`` bytes."""
    values = np.empty((len(images), fit.height, fit.width, fit.channels), np.uint8)
    for row in range(len(images)):
        values[row] = fit.apply(images[row])
    # the bytes stay in rows of pixels: the layout convolutions are quickest on
    return Pixels(torch.from_numpy(values).permute(0, 3, 1, 2), torch.from_numpy(images.labels.copy()))
