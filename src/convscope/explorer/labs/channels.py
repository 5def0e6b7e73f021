"""The lab of channels: what one kernel of the network makes of each colour, their sum, and its rectified half."""

from dataclasses import dataclass, replace

import numpy as np

from convscope.arithmetic.sliding import convolve
from convscope.atlas.read import Atlas, AtlasLayer
from convscope.explorer.labs.crop import Crop
from convscope.explorer.labs.kernel import Bench, Slide, kernel_lab
from convscope.explorer.labs.planes import Planes


@dataclass(frozen=True, eq=False)
class ChannelsLab:
    """``planes``: a map for each of the ``bands``, then ``sum`` (bias included) and ``relu``; a view a kernel."""

    crop: Crop
    layer: AtlasLayer
    bench: Bench
    planes: Planes

    @property
    def bands(self) -> tuple[str, ...]:
        return self.bench.bands

    @property
    def slides(self) -> tuple[Slide, ...]:
        return self.bench.slides


def channels_lab(atlas: Atlas) -> ChannelsLab | None:
    """None where the atlas has no photograph, or no weights of its first layer."""
    lab = kernel_lab(atlas)
    if lab is None or lab.layer is None:
        return None
    bench = lab.benches[1]
    planes = Planes(tuple(_view(bench, slide) for slide in bench.slides), bench.slides[0].opening)
    return ChannelsLab(lab.crop, lab.layer, bench, planes)


def rectified_lab(atlas: Atlas) -> ChannelsLab | None:
    """The same, opened where the first kernel's answer is most negative."""
    lab = channels_lab(atlas)
    if lab is None:
        return None
    y, x = np.unravel_index(lab.planes["sum"].argmin(), lab.planes.size)
    views = tuple({name: view[name] for name in ("sum", "relu")} for view in lab.planes.views)
    return replace(lab, planes=Planes(views, (int(y), int(x))))


def _view(bench: Bench, slide: Slide) -> dict[str, np.ndarray]:
    partial = {
        name: convolve(bench.input[[band]], slide.weight[[band]], bench.rows, bench.columns)
        for band, name in enumerate(bench.bands)
    }
    bias = np.full(slide.map.shape, slide.bias)
    return partial | {"bias": bias, "sum": slide.map, "relu": np.maximum(slide.map, 0)}
