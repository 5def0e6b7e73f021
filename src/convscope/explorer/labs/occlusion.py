"""The lab of occlusion by hand: what the network answered at every place of a grey square, as the atlas remembers."""

from dataclasses import dataclass

import numpy as np

from convscope.atlas.read import Atlas
from convscope.explorer.channels import class_name
from convscope.explorer.labs.planes import Planes


@dataclass(frozen=True, eq=False)
class OcclusionLab:
    """A square of ``size`` moved by ``stride`` over the photograph in ``row``; whole per cent of each of ``names``."""

    row: int
    size: int
    stride: int
    of: int
    names: tuple[str, ...]
    clean: tuple[int, ...]
    planes: Planes

    @property
    def lowest(self) -> int:
        return int(self.planes["p0"].min())

    @property
    def worst(self) -> tuple[int, int]:
        """Row and column of the place that hurts the named class most."""
        y, x = np.unravel_index(self.planes["p0"].argmin(), self.planes.size)
        return int(y), int(x)


def occlusion_lab(atlas: Atlas) -> OcclusionLab | None:
    """None where nothing was measured."""
    measured = atlas.lessons
    if measured is None:
        return None
    swept = measured["occlusion"]
    shares = [np.array(each, dtype=np.float64) for each in swept["probability"]]
    view = {f"p{place}": np.rint(100 * share).astype(int) for place, share in enumerate(shares)}
    return OcclusionLab(
        swept["row"], swept["size"], swept["stride"], swept.get("of", 1),
        tuple(class_name(atlas, index) for index in swept["classes"]),
        tuple(round(100 * value) for value in swept["clean"]),
        Planes((view,), (0, 0), {"photo": swept["stride"]}, 100),
    )  # fmt: skip
