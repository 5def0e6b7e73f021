"""One picture, one question, no atlas needed."""

from dataclasses import dataclass
from typing import Any

from convscope.errors import BadSpec, UnknownName
from convscope.plain.pixelmap import PixelMap
from convscope.plain.unit import Unit

CHECK_SEEDS = 3
CHECK_STEPS = 16


def look(model: Any, image: Any, unit: Unit | str, lens: Any) -> PixelMap:
    """What ``lens`` sees of ``unit`` on one image: a file, a picture of Pillow, a uint8 array, or a finished float tensor.

    ``unit`` may be text, ``conv4:17``, ``conv4:17@3,5`` or the name of a class, and so may the lens,
    ``occlusion:size=12``. Raises UnknownName, Unanswerable, BadImages, BadSpec.

    >>> pixels = cs.look(model, photo, "conv4:17", cs.Deconvnet())  # doctest: +SKIP
    """
    from convscope.nets.open import open_model

    opened = open_model(model)
    return _glass(lens)(opened, read_unit(opened, unit), read_image(image))


def _glass(lens: Any) -> Any:
    """A lens as it is, or the one of a text; raises BadSpec for what is none."""
    from convscope.lenses import read_lens

    glass = read_lens(lens) if isinstance(lens, str) else lens
    if isinstance(glass, type) or not callable(glass):
        raise BadSpec(
            f"{lens!r} is no lens: write one with its settings, cs.Gradient(), or its name, 'gradient'"
        )
    return glass


def read_unit(model: Any, unit: Any) -> Unit:
    """A unit as it is, the class of that name, else the unit of a text such as ``conv4:17@3,5``.

    Raises BadSpec, UnknownName.
    """
    if isinstance(unit, Unit):
        return unit
    if unit in model.classes:
        return model.unit_of_class(unit)
    if model.classes and ":" not in str(unit) and unit not in model.layers:
        raise UnknownName("class", unit, model.classes, "Or write LAYER:CHANNEL, for example conv4:17.")
    return Unit.parse(str(unit))


def read_image(image: Any) -> Any:
    """A picture from its file, from Pillow or a uint8 tensor; anything else as it is. Raises BadImages where there are several."""
    from convscope.studies.maps import one_picture

    return one_picture(image)


@dataclass(frozen=True)
class Checks:
    """A map's two numbers: how much of it survives random weights, and how faithful it is."""

    randomisation: Any
    faithfulness: Any

    @property
    def sentence(self) -> str:
        """Both, for people."""
        return f"{self.randomisation.sentence}\n{self.faithfulness.sentence}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "similarity_to_randomised": list(self.randomisation.similarity),
            "deletion_area": self.faithfulness.deletion_area,
            "insertion_area": self.faithfulness.insertion_area,
            "control_deletion_areas": self.faithfulness.control_deletion_areas,
            "control_insertion_areas": self.faithfulness.control_insertion_areas,
        }


def checks(model: Any, image: Any, unit: Unit, lens: Any) -> Checks:
    """Both checks of one map, with few seeds; raises what the lens raises, and Unanswerable without an image."""
    from convscope.errors import Unanswerable
    from convscope.studies.faithfulness import faithfulness
    from convscope.studies.randomisation import randomisation

    if image is None:
        raise Unanswerable(
            f"{lens.name} makes its own picture: there is none to delete from, so nothing to check"
        )
    (survived,) = randomisation(model, unit, image, lens, seeds=CHECK_SEEDS, cascading=False)
    faithful = faithfulness(model, unit, image, lens, steps=CHECK_STEPS, seeds=CHECK_SEEDS, control="shifted")
    return Checks(survived, faithful)
