"""Every error that convscope raises on purpose.

    ConvscopeError
    ├── BadImages        an image source that cannot be used (empty, unreadable, one class)
    ├── BadModel         a network that cannot be opened, rebuilt or recorded
    ├── BadSpec          a network spec string or a setting that does not parse
    ├── BadAtlas         an atlas or run folder that is missing, foreign, half-made or damaged
    ├── BadOutput        a place that cannot be written, or a port that cannot be taken
    ├── Interrupted      Ctrl-C or SIGTERM: the step was finished and saved
    ├── Diverged         a loss became NaN or infinite
    ├── UnknownName      a layer, class, lens, model or channel that does not exist
    └── Unanswerable     a lens asked something it has no answer to

Each message names the value, the place and the next step; the command line prints it as one line.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ConvscopeError(Exception):
    """An error whose message is meant for the person at the keyboard."""


class BadImages(ConvscopeError):
    """An image source that cannot be used."""


class BadModel(ConvscopeError):
    """A network that cannot be opened, rebuilt or recorded."""


class BadSpec(ConvscopeError):
    """A network spec or a setting that does not parse."""


class BadAtlas(ConvscopeError):
    """An atlas or run folder that is missing, foreign, half-made or damaged."""


class BadOutput(ConvscopeError):
    """A place that cannot be written, or a port that cannot be taken."""


class Unanswerable(ConvscopeError):
    """A lens was asked something it has no answer to."""


class Diverged(ConvscopeError):
    """A loss became NaN or infinite."""


class Interrupted(ConvscopeError):
    """Ctrl-C or SIGTERM: the step was finished and saved; ``exit_code`` is 130 or 143."""

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


class UnknownName(ConvscopeError):
    """A name that does not exist, with the nearest ones that do."""

    def __init__(self, kind: str, name: object, choices: Iterable[str], hint: str = ""):
        known = [str(choice) for choice in choices]
        near = get_close_matches(str(name), known, n=3, cutoff=0.4)
        if near:
            advice = f"did you mean {' or '.join(near)}?"
        elif known:
            shown = ", ".join(known[:8]) + (f", … ({len(known)} in all)" if len(known) > 8 else "")
            advice = f"choose one of: {shown}."
        else:
            advice = "" if hint else f"there is no {kind} to choose from."
        super().__init__(f"unknown {kind} {str(name)!r}: {' '.join(filter(None, (advice, hint)))}")
