"""What every gradient-like lens shares: one unit, one image, one signal at the pixels."""

from typing import Any

import numpy as np

from convscope.errors import Unanswerable
from convscope.plain.boxes import Box
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


def project_unit(model: Any, unit: Unit, image: Any, rule: Any, *, units: str, what: str) -> PixelMap:
    """The map of one unit of one image under a backward rule; raises Unanswerable, UnknownName."""
    import torch

    from convscope.model.projection import project
    from convscope.model.validity import judge, with_dead

    layer = model.check(unit)
    position = None if unit.position is None else torch.tensor([unit.position])
    batch = model.preprocess(image)[None]
    seen = project(model, batch, unit.layer, torch.tensor([unit.channel]), position, rule)
    validity = judge(model, layer, seen.descent, rule)
    if validity.label == "refused":
        raise Unanswerable(f"{what} has no answer for {unit} of {model.name}: {validity.sentence}")
    y, x = (int(n) for n in seen.positions[0])
    value = float(seen.values[0])
    field = layer.field.at(y, x)
    box, reason = source_box(model, image, field)
    caption = f"{what} of {model.name} {unit.layer}:{unit.channel}@{y},{x}, activation {value:.4g}.{reason}"
    array = seen.signal[0].permute(1, 2, 0).float().cpu().numpy()
    return PixelMap(
        np.ascontiguousarray(array), units, field, box, caption, with_dead(validity, value), value
    )


def source_box(model: Any, image: Any, box: Box) -> tuple[Box | None, str]:
    """The box in source pixels, or None and the reason."""
    if not isinstance(image, np.ndarray) or image.dtype.kind == "f":
        return None, " The image came as a finished tensor, so there are no source pixels to point at."
    height, width = image.shape[:2]
    return model.fit.source_box(box, height, width), ""
