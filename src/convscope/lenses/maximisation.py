"""Activation maximisation: a picture made so that the unit likes it best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from convscope.errors import BadSpec
from convscope.lenses.look import Target, as_map, picture_of, validity_of
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit

# how red, green and blue vary together in natural pictures: the square root of their covariance over
# ImageNet (Olah, Mordvintsev & Schubert 2017, doi 10.23915/distill.00007, section "preconditioning")
COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.0, -0.05), (0.27, -0.09, 0.03))
START = 0.01  # spread of the first spectrum
WARM = 16  # first steps with open rectifiers: a unit at zero has no gradient


@dataclass(frozen=True)
class ActivationMaximisation:
    """A picture climbed by gradient ascent until the unit likes it best; no image is needed (Erhan et al. 2009; Olah et al. 2017, doi 10.23915/distill.00007).

    The picture is a spectrum in decorrelated colours; at each of ``steps`` it is shifted by up to
    ``jitter`` of its shorter edge, scaled by up to ``scale`` and turned by up to ``rotate`` degrees.

    >>> cs.look(model, None, "conv3:5", cs.ActivationMaximisation(steps=128))  # doctest: +SKIP
    """

    steps: int = 256
    rate: float = 0.02
    jitter: float = 0.08
    scale: float = 0.1
    rotate: float = 10.0
    seed: int = 0

    name: ClassVar[str] = "maximisation"
    version: ClassVar[int] = 1
    units: ClassVar[str] = "normalised input, zero the mean colour of the preprocessing"
    does_not_show: ClassVar[str] = (
        "It shows one picture of many that drive the unit, one that no camera took, and nothing of how the "
        "unit answers to yours."
    )

    def __post_init__(self) -> None:
        if self.steps < 1 or self.rate <= 0:
            raise BadSpec(f"steps {self.steps}, rate {self.rate}: choose 1 step or more and a rate above 0")
        if not (0 <= self.jitter < 1 and 0 <= self.scale < 1 and self.rotate >= 0):
            raise BadSpec(
                f"jitter {self.jitter}, scale {self.scale}, rotate {self.rotate}: choose shares from 0 to below 1 "
                "and degrees of 0 or more"
            )

    def __call__(self, model: Any, unit: Unit, image: Any = None) -> PixelMap:
        """The picture of one unit, whatever the image; raises UnknownName."""
        layer = model.check(unit)
        at = None if unit.position is None else [unit.position]
        made = self.pictures(model, unit.layer, [unit.channel], at)
        y, x = (int(n) for n in made.positions[0])
        reached = Unit(unit.layer, unit.channel, (y, x))
        target = Target(model, None, layer, reached, made.pixels[0], float(made.values[0]))
        validity = validity_of(
            f"activation maximisation: {self.steps} steps of gradient ascent, seed {self.seed}",
            {"image-independent": "it does not depend on an image"}
            | ({"dead": "the unit stayed at zero: there was nothing to climb"} if target.dead else {}),
        )
        return picture_of(target, as_map(made.pixels[0]), self.units, "activation maximisation", validity)

    def pictures(
        self,
        model: Any,
        layer: str,
        channels: Sequence[int],
        positions: Sequence[tuple[int, int]] | None = None,
    ) -> "Climbed":
        """The pictures of many channels of a layer, all climbed together from the same start.

        Without ``positions`` each channel is taken where it is strongest at every step.
        """
        import torch

        from convscope.model.projection import project

        generator = torch.Generator().manual_seed(self.seed)
        where = None if positions is None else torch.tensor(positions)
        which = torch.tensor(channels)
        fit = model.fit
        start = START * torch.randn(1, fit.channels, fit.height, fit.width // 2 + 1, 2, generator=generator)
        spectrum = start.repeat(len(channels), 1, 1, 1, 1).to(model.device).requires_grad_(True)
        optimiser = torch.optim.Adam([spectrum], lr=self.rate)
        for step in range(self.steps):
            shown = self._moved(as_input(model, spectrum), generator)
            rule = "deconvnet" if step < min(WARM, self.steps // 2) else "gradient"
            signal = project(model, shown, layer, which, where, rule).signal
            optimiser.zero_grad()
            shown.backward(-signal)
            optimiser.step()
        pixels = as_input(model, spectrum).detach()
        reached = project(model, pixels, layer, which, where, "gradient")
        return Climbed(pixels.cpu(), reached.values.cpu(), reached.positions.cpu())

    def _moved(self, pixels: Any, generator: Any) -> Any:
        """All pictures under one random shift, scale and turn; what comes in at the border is mirrored."""
        import torch
        from torch.nn.functional import affine_grid, grid_sample

        up, across, size, turn = (2 * torch.rand(4, generator=generator) - 1).tolist()
        height, width = pixels.shape[2:]
        shift = 2 * self.jitter * min(height, width)
        zoom, angle = 1 + self.scale * size, torch.tensor(torch.pi / 180 * self.rotate * turn)
        cos, sin = float(angle.cos()) * zoom, float(angle.sin()) * zoom
        turned = [
            [cos, -sin * height / width, shift * across / width], [sin * width / height, cos, shift * up / height]
        ]  # fmt: skip
        grid = affine_grid(torch.tensor([turned] * len(pixels)), list(pixels.shape), align_corners=False)
        return grid_sample(pixels, grid.to(pixels), padding_mode="reflection", align_corners=False)


@dataclass(frozen=True, eq=False)
class Climbed:
    """Pictures ``pixels`` ``[N, C, H, W]`` in normalised input, what each unit makes of its own, and where."""

    pixels: Any
    values: Any
    positions: Any


def as_input(model: Any, spectrum: Any) -> Any:
    """The network's input from a spectrum ``[N, C, H, W // 2 + 1, 2]``: weak at high frequencies, 0 to 1, normalised.

    Raises BadModel where mean and std are not known.
    """
    import torch

    height, width = model.fit.height, model.fit.width
    rows, columns = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = (rows**2 + columns**2).sqrt().clamp(min=1 / max(height, width)).to(spectrum)
    waves = torch.view_as_complex(spectrum.contiguous()) / frequency
    picture = torch.fft.irfft2(waves, s=(height, width), norm="ortho")
    if picture.shape[1] == 3:
        mixing = torch.tensor(COLOURS).to(picture)
        mixing = mixing / mixing.norm(dim=0).max()
        picture = torch.einsum("ij,njhw->nihw", mixing, picture)
    mean, std = (values.to(picture) for values in model.normalisation)
    return (picture.sigmoid() - mean) / std
