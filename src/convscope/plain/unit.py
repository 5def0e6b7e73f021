"""The address of one scalar inside a network."""

import re
from dataclasses import dataclass

from convscope.errors import BadSpec

UNIT_TEXT = re.compile(r"(?P<layer>.+?):(?P<channel>\d+)(?:@(?P<y>\d+),(?P<x>\d+))?$")


@dataclass(frozen=True)
class Unit:
    """One scalar inside a model: layer, channel and, if given, position (y, x).

    Without a position it means the maximum of that channel over all positions.
    A class is a channel of the model's output layer.

    >>> Unit.parse("conv4:17@3,5")
    Unit(layer='conv4', channel=17, position=(3, 5))
    >>> str(Unit("conv4", 17))
    'conv4:17'
    """

    layer: str
    channel: int
    position: tuple[int, int] | None = None

    @staticmethod
    def parse(text: str) -> "Unit":
        """Read ``LAYER:CHANNEL`` or ``LAYER:CHANNEL@Y,X``; raises BadSpec."""
        found = UNIT_TEXT.fullmatch(text.strip())
        if not found:
            raise BadSpec(
                f"cannot read unit {text!r}: write LAYER:CHANNEL or LAYER:CHANNEL@Y,X, for example conv4:17"
            )
        position = None if found["y"] is None else (int(found["y"]), int(found["x"]))
        return Unit(found["layer"], int(found["channel"]), position)

    def __str__(self) -> str:
        at = "" if self.position is None else f"@{self.position[0]},{self.position[1]}"
        return f"{self.layer}:{self.channel}{at}"
