"""Ways of looking: one lens a file, each a frozen dataclass called as ``lens(model, unit, image)``."""

from dataclasses import asdict, fields
from importlib import import_module
from types import NoneType
from typing import Any, get_args

# name on the command line -> (module, class); to add a lens is one file and one line here
LENSES = {
    "deconvnet": ("convscope.lenses.deconvnet", "Deconvnet"),
    "gradient": ("convscope.lenses.gradient", "Gradient"),
    "guided": ("convscope.lenses.guided", "GuidedBackprop"),
    "gradient-times-input": ("convscope.lenses.gradient_times_input", "GradientTimesInput"),
    "integrated-gradients": ("convscope.lenses.integrated_gradients", "IntegratedGradients"),
    "smoothgrad": ("convscope.lenses.smoothgrad", "SmoothGrad"),
    "gradcam": ("convscope.lenses.gradcam", "GradCAM"),
    "occlusion": ("convscope.lenses.occlusion", "Occlusion"),
    "activation": ("convscope.lenses.activation", "ActivationMap"),
    "maximisation": ("convscope.lenses.maximisation", "ActivationMaximisation"),
    "effective-field": ("convscope.lenses.effective_field", "EffectiveField"),
}
WORDS = {"none": None, "true": True, "false": False}


def find_lens(name: str) -> Any:
    """The lens class of that name; raises UnknownName with the nearest."""
    from convscope.errors import UnknownName

    if name not in LENSES:
        raise UnknownName("lens", name, LENSES)
    module, cls = LENSES[name]
    return getattr(import_module(module), cls)


def read_lens(text: str) -> Any:
    """The lens of a text: its name, then its settings, if any; raises UnknownName, BadSpec.

    A lens inside a lens separates its settings with ``;``, as in
    ``smoothgrad:n=9,of=integrated-gradients:steps=8;rule=gauss``.

    >>> read_lens("occlusion:size=12,stride=4")
    Occlusion(size=12, stride=4, fill='grey', measure='activation')
    """
    from convscope.errors import BadSpec, UnknownName

    name, _, settings = text.partition(":")
    lens = find_lens(name)
    known = {field.name: field.type for field in fields(lens)}
    given: dict[str, Any] = {}
    for setting in filter(None, settings.split(",")):
        key, equals, value = setting.partition("=")
        if key not in known:
            has = f"it has {', '.join(known)}." if known else "it has none."
            raise UnknownName(f"setting of {name}", key, (), has)
        if not equals:
            raise BadSpec(f"setting {key!r} of {name} has no value: write {key}=VALUE")
        given[key] = _value(value.replace(";", ","))
        if not _fits(given[key], known[key]):
            raise BadSpec(f"{key}={value} of {name}: choose {_choices(known[key])}")
    return lens(**given)


def lens_text(lens: Any) -> str:
    """The text from which ``read_lens`` makes an equal lens; settings that are as by default are left out."""
    default = asdict(type(lens)())
    changed = [
        f"{key}={value}".replace(",", ";") for key, value in asdict(lens).items() if value != default[key]
    ]
    return ":".join(filter(None, (lens.name, ",".join(changed))))


def _value(text: str) -> Any:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _choices(kind: Any) -> str:
    """What a setting of that type may be, in words."""
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", NoneType: "none"}
    return " or ".join(
        names.get(one, getattr(one, "__name__", str(one))) for one in get_args(kind) or (kind,)
    )


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a setting's type; a whole number is also a float."""
    return kind is Any or isinstance(value, kind) or (type(value) is int and isinstance(0.0, kind))
