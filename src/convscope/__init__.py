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
    "ActivationMap": "convscope.lenses.activation",
    "ActivationMaximisation": "convscope.lenses.maximisation",
    "Atlas": "convscope.atlas.read",
    "Box": "convscope.plain.boxes",
    "ConvscopeError": "convscope.errors",
    "Deconvnet": "convscope.lenses.deconvnet",
    "EffectiveField": "convscope.lenses.effective_field",
    "Field": "convscope.plain.field",
    "Finding": "convscope.check.findings",
    "Findings": "convscope.check.findings",
    "Figure": "convscope.plain.figure",
    "Fit": "convscope.plain.fit",
    "GradCAM": "convscope.lenses.gradcam",
    "Gradient": "convscope.lenses.gradient",
    "GradientTimesInput": "convscope.lenses.gradient_times_input",
    "GuidedBackprop": "convscope.lenses.guided",
    "Images": "convscope.images.source",
    "IntegratedGradients": "convscope.lenses.integrated_gradients",
    "Layer": "convscope.model.layer",
    "Model": "convscope.model.model",
    "Occlusion": "convscope.lenses.occlusion",
    "PixelMap": "convscope.plain.pixelmap",
    "Prediction": "convscope.train.predict",
    "Question": "convscope.plain.question",
    "Recipe": "convscope.train.recipe",
    "Shard": "convscope.survey.settings",
    "SmoothGrad": "convscope.lenses.smoothgrad",
    "Survey": "convscope.survey.settings",
    "Shift": "convscope.plain.shifts",
    "Unit": "convscope.plain.unit",
    "Inquiry": "convscope.plain.why",
    "Why": "convscope.plain.why",
    "check": "convscope.check.run",
    "convolve": "convscope.studies.convolve",
    "diagnose": "convscope.diagnosis.run",
    "effective_field": "convscope.studies.effective_field",
    "evaluate": "convscope.train.evaluate",
    "evolve": "convscope.ask.evolve",
    "explore": "convscope.explorer.explore",
    "export": "convscope.ask.export",
    "figure": "convscope.ask.figure",
    "live": "convscope.ask.live",
    "invariance": "convscope.studies.invariance",
    "look": "convscope.ask.look",
    "maps": "convscope.studies.maps",
    "models": "convscope.nets.catalogue",
    "open_atlas": "convscope.atlas.read",
    "open_images": "convscope.images",
    "open_model": "convscope.nets.open",
    "predict": "convscope.train.predict",
    "publish": "convscope.explorer.publish",
    "save_model": "convscope.model.store",
    "shift": "convscope.studies.shift",
    "summary": "convscope.ask.sketch",
    "survey": "convscope.survey.run",
    "survey_shard": "convscope.survey.run",
    "train": "convscope.train.loop",
    "train_twin": "convscope.ask.twin",
    "why": "convscope.ask.why",
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
