"""Ways of looking: one lens a file, each a frozen dataclass called as ``lens(model, unit, image)``."""

from importlib import import_module
from typing import Any

# name on the command line -> (module, class); to add a lens is one file and one line here
LENSES = {
    "deconvnet": ("convscope.lenses.deconvnet", "Deconvnet"),
    "gradient": ("convscope.lenses.gradient", "Gradient"),
    "guided": ("convscope.lenses.guided", "GuidedBackprop"),
}


def find_lens(name: str) -> Any:
    """The lens class of that name; raises UnknownName with the nearest."""
    from convscope.errors import UnknownName

    if name not in LENSES:
        raise UnknownName("lens", name, LENSES)
    module, cls = LENSES[name]
    return getattr(import_module(module), cls)
