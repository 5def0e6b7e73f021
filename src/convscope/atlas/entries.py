"""What an atlas says of one layer and of its images."""

from dataclasses import dataclass

import numpy as np

from convscope.errors import UnknownName
from convscope.plain.field import Field
from convscope.plain.validity import Validity


@dataclass(frozen=True, eq=False)
class AtlasLayer:
    """One surveyed layer, as the manifest describes it; ``lens`` made its projections, for ``lens_reason``.

    ``k`` is how many winners are kept of each channel. Tiles show the ``middle`` of a field (height, width in pixels),
    or all of it.
    """

    name: str
    folder: str
    operation: str
    shape: tuple[int, int, int]
    chain: tuple[str, ...]
    field: Field
    kernel: str
    pictures: bool
    kernels: bool
    tile: int
    validity: Validity
    lens: str
    lens_reason: str
    k: int
    middle: tuple[int, int] | None

    @property
    def channels(self) -> int:
        return self.shape[0]


@dataclass(frozen=True, eq=False)
class AtlasImages:
    """The images of an atlas by row: ids, labels, predictions; sizes are of the source, in pixels.

    ``margin`` is the lead of the predicted class over the second; None where it was not kept. A network with one
    output names no class: ``predicted`` is -1 then, and ``probability`` NaN.
    """

    ids: tuple[str, ...]
    labels: np.ndarray
    splits: tuple[str, ...]
    heights: np.ndarray
    widths: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    margin: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def row(self, image_id: str) -> int:
        """The row of a stable id; raises UnknownName."""
        if image_id not in self.ids:
            raise UnknownName("image", image_id, self.ids)
        return self.ids.index(image_id)
