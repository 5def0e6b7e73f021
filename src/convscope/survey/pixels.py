"""The images of a survey as the network is shown them, read once while they fit in memory."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from convscope.images.source import Images
from convscope.model.model import Model

KEPT, KEPT_BYTES = 2000, 512 << 20  # pictures, so that memory does not grow with their number


class Pixels:
    """Model inputs and display pixels by row; the most recently used stay in memory, within a bound."""

    def __init__(self, model: Model, images: Images, *, channels_last: bool = False):
        self.model = model
        self.images = images
        self.channels_last = channels_last
        self.kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self.bytes = 0

    def shown(self, row: int) -> np.ndarray:
        """uint8 ``[height, width, 1 or 3]``: what the network is shown of an image, for eyes."""
        if row in self.kept:
            self.kept.move_to_end(row)
            return self.kept[row]
        # a finished tensor cannot be fitted; the images room has already projected it to colours
        image = self.images[row]
        pixels = image if self.images.raw(row) is not None else self.model.pixels(image)
        self.kept[row] = pixels
        self.bytes += pixels.nbytes
        while len(self.kept) > KEPT or (self.bytes > KEPT_BYTES and len(self.kept) > 1):
            self.bytes -= self.kept.popitem(last=False)[1].nbytes
        return pixels

    def batch(self, rows: Sequence[int]) -> Tensor:
        """The network's input ``[N, C, H, W]`` for some rows, in the memory format of this survey."""
        return self._stack(rows).contiguous(memory_format=self.memory_format)

    @cached_property
    def memory_format(self) -> torch.memory_format:
        """channels_last where that was asked for and the network takes it.

        It decides the last bits of every value, so that all batches of a survey share it.
        """
        if not self.channels_last:
            return torch.contiguous_format
        first = self._stack([0])
        try:
            scores = self.model.scores(first.contiguous(memory_format=torch.channels_last))
        except Exception:  # such as view where only reshape or flatten would do: nothing is wrong with it
            return torch.contiguous_format
        same = torch.allclose(scores, self.model.scores(first), rtol=1e-3, atol=1e-5, equal_nan=True)
        return torch.channels_last if same else torch.contiguous_format

    def _stack(self, rows: Sequence[int]) -> Tensor:
        raw = [self.images.raw(row) for row in rows]
        if all(
            image is None for image in raw
        ):  # all at once: few large blocks of memory, not many small ones
            return self.model.normalised(np.stack([self.shown(row) for row in rows]))
        return torch.stack([self._input(row, image) for row, image in zip(rows, raw, strict=True)])

    def _input(self, row: int, raw: np.ndarray | None) -> Tensor:
        # fitted once: a fit that crops would cut what it has cut already
        if raw is None:
            return self.model.normalised(self.shown(row))
        return self.model.preprocess(torch.as_tensor(raw))
