"""SmoothGrad: the mean of any lens over noisy copies of the image."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from convscope.errors import BadSpec
from convscope.lenses import lens_text, read_lens
from convscope.lenses.look import aim, picture_of
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


@dataclass(frozen=True)
class SmoothGrad:
    """The mean of the lens ``of`` over ``n`` copies of the image with normal noise (Smilkov et al. 2017, arXiv 1706.03825).

    ``of`` is a lens or its text, ``gradient`` or ``integrated-gradients:steps=8``; ``noise`` the standard
    deviation as a share of the range of the network's input. The same ``seed`` gives the same map.

    >>> cs.look(model, photo, "conv3:5", cs.SmoothGrad(of=cs.GuidedBackprop(), n=10))  # doctest: +SKIP
    """

    of: Any = "gradient"
    n: int = 25
    noise: float = 0.15
    seed: int = 0

    name: ClassVar[str] = "smoothgrad"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "those of the lens it smooths"
    does_not_show: ClassVar[str] = (
        "It shows the neighbourhood of the image, not the image: structure finer than the noise is gone, "
        "whether it mattered or not."
    )

    def __post_init__(self) -> None:
        if self.n < 1 or self.noise < 0:
            raise BadSpec(f"n {self.n}, noise {self.noise}: choose n of 1 or more and noise of 0 or more")
        text = lens_text(read_lens(self.of) if isinstance(self.of, str) else self.of)
        if text.startswith(self.name):
            raise BadSpec("smoothgrad of smoothgrad: raise n instead")
        object.__setattr__(self, "of", text)  # plain text, so that a question can name it

    @property
    def shares(self) -> bool:
        return getattr(read_lens(self.of), "shares", False)

    def __call__(self, model: Any, unit: Unit, image: Any) -> PixelMap:
        """The map of one unit on one image; raises what the smoothed lens raises."""
        import torch

        target = aim(model, unit, image)
        lens = read_lens(self.of)
        generator = torch.Generator().manual_seed(self.seed)
        spread = self.noise * float(target.pixels.max() - target.pixels.min())
        noise = spread * torch.randn(self.n, *target.pixels.shape, generator=generator)
        seen = [lens(model, target.unit, target.pixels + one) for one in noise]
        array = np.stack([one.array for one in seen]).mean(0, dtype=np.float64)
        worst = min((one.validity for one in seen), key=_gravity)
        how = f"the mean over {self.n} copies with noise of {self.noise:g} of the range, seed {self.seed}"
        validity = replace(worst, sentence=f"{worst.sentence} It is {how}.")
        what = f"SmoothGrad of {self.of}, {how},"
        over = seen[0].picture is not None
        return picture_of(
            target, array, seen[0].units, what, validity, box=seen[0].input_box, drawn_over=over
        )


def _gravity(validity: Any) -> int:
    from convscope.plain.validity import LABELS

    return LABELS.index(validity.label)
