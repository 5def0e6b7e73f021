"""What a page may wish of a live model: plain data, so that pages and models need not know each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Wish:
    """A kind of answer about one picture; ``unit`` where the kind looks at one, ``against`` another class."""

    kind: str
    image: str
    unit: str = ""
    against: str = ""


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


# how far it has come: parts done, parts in all (0 where that is not known), and what is being done
Tell = Callable[[int, int, str], None]
# (atlas, wish, tell, whether it was cancelled) -> plain data, at least the address of a ``page``
Answering = Callable[[Any, Wish, Tell, Callable[[], bool]], dict[str, Any]]
