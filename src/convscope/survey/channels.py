"""Some channels of some layers, as people write them: ``conv4:0-31,conv5:7``."""

import re
from collections.abc import Sequence

from convscope.errors import BadSpec, UnknownName
from convscope.model.layer import Layer

WRITTEN = re.compile(r"(?P<layer>.+?)(:(?P<first>\d+)(-(?P<last>\d+))?)?")


def read_channels(text: str, layers: Sequence[Layer]) -> dict[int, list[int]]:
    """The channels asked for by place of their layer among ``layers``, ascending; a layer alone means all of it.

    A layer may be called by any call of its chain, ``conv4`` for ``relu4``. Raises BadSpec, UnknownName.
    """
    found: dict[int, set[int]] = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        match = WRITTEN.fullmatch(part)
        assert match is not None  # any text is a layer
        place = _place(match["layer"], layers)
        first = int(match["first"] or 0)
        last = int(match["last"] or match["first"] or layers[place].channels - 1)
        if not first <= last < layers[place].channels:
            raise BadSpec(
                f"there are no channels {part}: {layers[place].name} has 0 to {layers[place].channels - 1}"
            )
        found.setdefault(place, set()).update(range(first, last + 1))
    return {place: sorted(channels) for place, channels in sorted(found.items())}


def _place(name: str, layers: Sequence[Layer]) -> int:
    names = [layer.name for layer in layers]
    if name in names:
        return names.index(name)
    for place, layer in enumerate(layers):
        if name in layer.chain:
            return place
    raise UnknownName("layer", name, names)
