"""convscope: a microscope for convolutional networks.

Nouns and verbs are imported when they are first used, so that ``import convscope`` stays light.

>>> import convscope as cs
>>> model = cs.train("photos/")  # doctest: +SKIP
>>> atlas = cs.survey(model, "photos/", into="atlas/")  # doctest: +SKIP
>>> cs.explore(atlas)  # doctest: +SKIP
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from convscope.version import __version__

_PORCH = {
    "Atlas": "convscope.atlas.read",
    "Box": "convscope.plain.boxes",
    "ConvscopeError": "convscope.errors",
    "Deconvnet": "convscope.lenses.deconvnet",
    "Field": "convscope.plain.field",
    "Figure": "convscope.plain.figure",
    "Fit": "convscope.plain.fit",
    "Gradient": "convscope.lenses.gradient",
    "GuidedBackprop": "convscope.lenses.guided",
    "Images": "convscope.images.source",
    "Layer": "convscope.model.layer",
    "Model": "convscope.model.model",
    "PixelMap": "convscope.plain.pixelmap",
    "Question": "convscope.plain.question",
    "Recipe": "convscope.train.recipe",
    "Shard": "convscope.survey.settings",
    "Survey": "convscope.survey.settings",
    "Unit": "convscope.plain.unit",
    "convolve": "convscope.studies.convolve",
    "evaluate": "convscope.train.evaluate",
    "explore": "convscope.explorer.explore",
    "export": "convscope.ask.export",
    "figure": "convscope.ask.figure",
    "look": "convscope.ask.look",
    "models": "convscope.nets.catalogue",
    "open_atlas": "convscope.atlas.read",
    "open_images": "convscope.images",
    "open_model": "convscope.nets.open",
    "predict": "convscope.train.evaluate",
    "publish": "convscope.explorer.publish",
    "save_model": "convscope.model.store",
    "summary": "convscope.model.summary",
    "survey": "convscope.survey.run",
    "survey_shard": "convscope.survey.run",
    "train": "convscope.train.loop",
}

__all__ = ["__version__", *_PORCH]


class _PorchModule(ModuleType):
    """Keeps ``cs.train`` and ``cs.survey`` the verbs, although rooms of the same names are imported below."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _PORCH and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in _PORCH:
            raise AttributeError(f"module 'convscope' has no attribute {name!r}")
        value = getattr(import_module(_PORCH[name]), name)
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _PorchModule
