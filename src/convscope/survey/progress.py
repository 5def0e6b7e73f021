"""How far a survey has come, as plain data."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """``done`` of ``total`` ``unit`` of one ``stage`` (counting, pictures)."""

    stage: str
    done: int
    total: int
    unit: str
    detail: str = ""


Report = Callable[[Progress], None]
