"""One picture, one question, no atlas needed."""

from pathlib import Path
from typing import Any

from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit


def look(model: Any, image: Any, unit: Unit | str, lens: Any) -> PixelMap:
    """What ``lens`` sees of ``unit`` on one image: a file, a uint8 array, or a finished float tensor.

    ``unit`` may be text, ``conv4:17`` or ``conv4:17@3,5``. Raises UnknownName, Unanswerable, BadImages.

    >>> pixels = cs.look(model, photo, "conv4:17", cs.Deconvnet())  # doctest: +SKIP
    """
    from convscope.nets.open import open_model

    where = Unit.parse(unit) if isinstance(unit, str) else unit
    return lens(open_model(model), where, read_image(image))


def read_image(image: Any) -> Any:
    """A picture from its file; anything else as it is."""
    if not isinstance(image, str | Path):
        return image
    from convscope.images import open_images

    return open_images(image)[0]
