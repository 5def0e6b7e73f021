"""The address of a pixel map: plain data that may travel anywhere."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from convscope.plain.unit import Unit


@dataclass(frozen=True)
class Question:
    """Which model, which unit, which lens with which settings, which image.

    Equal questions have equal keys on every machine; a changed lens version changes the key.
    """

    model: str
    unit: Unit
    lens: str
    version: int
    image: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """32 hexadecimal digits that name the answer on disk."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()[:32]

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "unit": str(self.unit),
            "lens": self.lens,
            "version": self.version,
            "image": self.image,
            "settings": self.settings,
        }
