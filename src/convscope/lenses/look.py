"""What all lenses share: a unit settled on one image, and the way from numbers to a pixel map."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convscope.errors import Unanswerable
from convscope.plain.boxes import Box
from convscope.plain.fit import Fit
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit
from convscope.plain.validity import LABELS, Validity


@dataclass(frozen=True, eq=False)
class Target:
    """A unit settled on one image: the position asked for, or where it is strongest, and its value there.

    ``pixels`` is the network's input ``[C, H, W]``; ``unit`` has a position from now on.
    """

    model: Any
    image: Any
    layer: Any
    unit: Unit
    pixels: Any
    value: float

    @property
    def field(self) -> Box:
        """The input pixels that the unit can see."""
        assert self.unit.position is not None
        return self.layer.field.at(*self.unit.position)

    @property
    def dead(self) -> bool:
        """Whether a rectifier holds the unit at zero, so that no gradient leaves it."""
        from convscope.model.operations import RECTIFIERS

        return self.value <= 0 and self.layer.operation in RECTIFIERS

    def gradients(self, batch: Any) -> Any:
        """The unit's plain gradient at each input of a batch ``[N, C, H, W]``, with its values: a Projection."""
        import torch

        from convscope.model.projection import project

        channels = torch.full((len(batch),), self.unit.channel)
        positions = torch.tensor([self.unit.position]).expand(len(batch), 2)
        return project(self.model, batch, self.unit.layer, channels, positions, "gradient")

    def picture(self) -> np.ndarray:
        """What the network is shown, uint8 ``[H, W, C]``; of a finished tensor, normalisation undone.

        Where that is not known the tensor's minimum is black and its maximum white.
        """
        if has_source(self.image):
            return self.model.pixels(self.image)
        pixels = self.pixels.detach().permute(1, 2, 0).cpu().numpy()
        if self.model.mean:
            pixels = pixels * np.array(self.model.std) + np.array(self.model.mean)
        else:
            pixels = (pixels - pixels.min()) / (np.ptp(pixels) or 1)
        return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def aim(model: Any, unit: Unit, image: Any) -> Target:
    """Settle ``unit`` on ``image``; raises UnknownName."""
    import torch

    from convscope.model.measure import measure

    layer = model.check(unit)
    pixels = shown(model, image)

    def whole(output: Any) -> Any:
        return output[:, unit.channel].reshape(len(output), layer.height, layer.width).clone()

    values = measure(model, [pixels[None]], {unit.layer: whole})[unit.layer][0]
    flat = (
        int(values.argmax()) if unit.position is None else unit.position[0] * layer.width + unit.position[1]
    )
    position = divmod(flat, layer.width)
    value = float(torch.flatten(values)[flat])
    return Target(model, image, layer, Unit(unit.layer, unit.channel, position), pixels, value)


def shown(model: Any, image: Any) -> Any:
    """The network's input ``[C, H, W]`` for an image; raises Unanswerable where there is none."""
    if image is None:
        raise Unanswerable("this lens looks at a picture, and none was given: only maximisation needs none")
    return model.preprocess(image)


def picture_of(
    target: Target,
    array: np.ndarray,
    units: str,
    what: str,
    validity: Validity,
    *,
    box: Box | None = None,
    drawn_over: bool = False,
) -> PixelMap:
    """The map of a target; ``what`` begins its caption, ``box`` is its unit's field unless another is given.

    What lies outside the box is set to zero: there the unit sees nothing.
    """
    here = target.field if box is None else box
    at = target.unit.position or (0, 0)
    source, reason = source_box(target.model, target.image, here)
    caption = (
        f"{what} of {target.model.name} {target.unit.layer}:{target.unit.channel}@{at[0]},{at[1]}, "
        f"activation {target.value:.4g}.{reason}"
    )
    inside = inside_only(array, here)
    picture = target.picture() if drawn_over else None
    return PixelMap(inside, units, here, source, caption, validity, target.value, picture)


def inside_only(array: np.ndarray, box: Box) -> np.ndarray:
    """A float32 copy of ``[H, W, C]`` that is zero outside the box."""
    left, top, right, bottom = (int(edge) for edge in box)
    out = np.zeros(array.shape, np.float32)
    out[top:bottom, left:right] = array[top:bottom, left:right]
    return out


def whole_input(model: Any) -> Box:
    """All that the network is shown, as a box."""
    return Box(0, 0, model.fit.width, model.fit.height)


def validity_of(head: str, found: Mapping[str, str] | None = None) -> Validity:
    """A label and its sentence: ``head`` says what was done, ``found`` what limits it, by label."""
    found = found or {}
    labels = tuple(label for label in LABELS if label in found) or ("exact",)
    reasons = [found[label] for label in labels if label in found]
    return Validity(labels[0], "; ".join([head, *reasons]) + ".", labels)


def limits_of(target: Target, descent: Any, what: str) -> dict[str, str]:
    """What limits any map made of gradients, by label; raises Unanswerable where none reaches the pixels."""
    if not descent.reaches_pixels:
        raise Unanswerable(
            f"{what} has no answer for {target.unit} of {target.model.name}: "
            "no gradient leads from this layer to the pixels"
        )
    found = {}
    if descent.opaque:
        found["partial"] = f"{', '.join(sorted(descent.opaque))} cannot be seen into"
    if target.dead:
        found["dead"] = "a rectifier holds the unit at zero here, and no gradient leaves it"
    return found


def project_unit(model: Any, unit: Unit, image: Any, rule: Any, *, units: str, what: str) -> PixelMap:
    """The map of one unit of one image under a backward rule; raises Unanswerable, UnknownName."""
    import torch

    from convscope.model.near_ties import near_ties, sentence
    from convscope.model.projection import project
    from convscope.model.validity import judge, with_dead

    layer = model.check(unit)
    position = None if unit.position is None else torch.tensor([unit.position])
    pixels = shown(model, image)
    seen = project(model, pixels[None], unit.layer, torch.tensor([unit.channel]), position, rule)
    validity = judge(model, layer, seen.descent, rule)
    if validity.label == "refused":
        raise Unanswerable(f"{what} has no answer for {unit} of {model.name}: {validity.sentence}")
    y, x = (int(n) for n in seen.positions[0])
    target = Target(
        model, image, layer, Unit(unit.layer, unit.channel, (y, x)), pixels, float(seen.values[0])
    )
    if layer.name != model.output:  # of class scores only differences count: below zero is not dead
        validity = with_dead(validity, target.value)
    if seen.descent.pools and (ties := sentence(near_ties(model, pixels, layer, target.field))):
        validity = replace(validity, notes=(*validity.notes, ties))
    return picture_of(target, as_map(seen.signal[0]), units, what, validity)


def as_map(signal: Any) -> np.ndarray:
    """``[C, H, W]`` on any device as float32 ``[H, W, C]``."""
    return np.ascontiguousarray(signal.detach().permute(1, 2, 0).float().cpu().numpy())


def has_source(image: Any) -> bool:
    """Whether an image came as pixels, not as a finished tensor."""
    return isinstance(image, np.ndarray) and image.dtype.kind != "f"


def source_box(model: Any, image: Any, box: Box) -> tuple[Box | None, str]:
    """The box in source pixels, or None and the reason."""
    if image is None:
        return None, " It does not depend on an image: there are no source pixels to point at."
    if not has_source(image):
        return None, " The image came as a finished tensor, so there are no source pixels to point at."
    return placed(model.fit, box, *image.shape[:2])


def placed(fit: Fit, box: Box, height: int, width: int) -> tuple[Box | None, str]:
    """A box of the network's input in a ``height`` x ``width`` source, or None and the reason."""
    found = fit.source_box(box, height, width)
    if box.empty or found.empty:
        return None, " The unit sees only padding here, no pixel of the picture, so there is no box in it."
    return found, ""
