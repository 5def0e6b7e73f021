"""The images of a survey as the network is shown them, read once while they fit in memory."""

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from convscope.images.source import Images
from convscope.model.model import Model

KEPT, KEPT_BYTES = 2000, 512 << 20  # pictures, so that memory does not grow with their number


class Pixels:
    """Model inputs and display pixels by row, for any thread; the most recently used stay in memory, within a bound."""

    def __init__(self, model: Model, images: Images, *, channels_last: bool = False):
        self.model = model
        self.images = images
        self.channels_last = channels_last
        self.one_at_a_time = Lock()
        self.places: OrderedDict[int, int] = OrderedDict()  # in the store, by row; the longest unused first

    def shown(self, row: int) -> np.ndarray:
        """uint8 ``[height, width, 1 or 3]``: what the network is shown of an image, for eyes."""
        with self.one_at_a_time:
            if row in self.places:
                self.places.move_to_end(row)
                return self.store[self.places[row]].copy()
        # a finished tensor cannot be fitted; the images room has already projected it to colours
        image = self.images[row]
        pixels = image if self.images.raw(row) is not None else self.model.pixels(image)
        with self.one_at_a_time:
            self._keep(row, pixels)
        return pixels

    @cached_property
    def store(self) -> np.ndarray:
        """Room for pictures like the first, in one block: many small ones would leave memory in pieces."""
        first = self.images[0] if self.images.raw(0) is not None else self.model.pixels(self.images[0])
        count = min(KEPT, len(self.images), KEPT_BYTES // first.nbytes)
        return np.empty((max(count, 1), *first.shape), dtype=np.uint8)

    def _keep(self, row: int, pixels: np.ndarray) -> None:
        if row in self.places or pixels.shape != self.store.shape[1:]:  # tensors may be of any size
            return
        full = len(self.places) == len(self.store)
        place = self.places.popitem(last=False)[1] if full else len(self.places)
        self.store[place] = pixels
        self.places[row] = place

    def batch(self, rows: Sequence[int]) -> Tensor:
        """The network's input ``[N, C, H, W]`` for some rows, in the memory format of this survey."""
        as_pixels_lie = torch.stack([self._input(row).movedim(0, -1) for row in rows])
        return as_pixels_lie.movedim(-1, 1).contiguous(memory_format=self.memory_format)

    @cached_property
    def memory_format(self) -> torch.memory_format:
        """channels_last where that was asked for and the network takes it.

        It decides the last bits of every value, so that all batches of a survey share it.
        """
        if not self.channels_last:
            return torch.contiguous_format
        first = self._input(0)[None].contiguous()
        try:
            scores = self.model.scores(first.contiguous(memory_format=torch.channels_last))
        except Exception:  # such as view where only reshape or flatten would do: nothing is wrong with it
            return torch.contiguous_format
        same = torch.allclose(scores, self.model.scores(first), rtol=1e-3, atol=1e-5, equal_nan=True)
        return torch.channels_last if same else torch.contiguous_format

    def _input(self, row: int) -> Tensor:
        raw = self.images.raw(row)
        # fitted once: a fit that crops would cut what it has cut already
        return (
            self.model.normalised(self.shown(row))
            if raw is None
            else self.model.preprocess(torch.as_tensor(raw))
        )
