"""The image stack: what every layer answers to one picture, kept in the picture's folder (docs/atlas-format.md)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.check import read_json, readable
from convscope.atlas.picture import Picture, find_picture
from convscope.atlas.read import Atlas, read_map
from convscope.atlas.write import write_picture
from convscope.errors import BadAtlas
from convscope.plain.files import write_json
from convscope.plain.pixelmap import PixelMap

ABOUT, MAPS = "stack.json", "maps.png"


@dataclass(frozen=True)
class StackLayer:
    """The channels of one layer that answer most strongly, and the activation that is white in each map."""

    name: str
    channels: tuple[int, ...]
    tops: tuple[float, ...]
    peaks: tuple[float, ...]


@dataclass(frozen=True)
class Answer:
    """A remembered pixel map of this picture: what was asked, and the key of its file."""

    lens: str
    unit: str
    key: str


@dataclass(frozen=True)
class Stack:
    """One picture through every layer: its likeliest classes (index, probability), its maps, its answers.

    ``notes`` say what could not be answered, and why.
    """

    likeliest: tuple[tuple[int, float], ...]
    layers: tuple[StackLayer, ...]
    answers: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def opens(self) -> str:
        """The unit whose map is chosen first: the one that was projected, or the first of all."""
        found = self.answer("deconvnet")
        return found.unit.split("@")[0] if found else f"{self.layers[0].name}:{self.layers[0].channels[0]}"

    def answer(self, lens: str, unit: str | None = None) -> Answer | None:
        """The first answer of a lens, of one unit where it is given."""
        return next((each for each in self.answers if each.lens == lens and unit in (None, each.unit)), None)


def read_stack(atlas: Atlas, picture: Picture) -> Stack | None:
    """The stack of a picture, or None where none was made; raises BadAtlas where it is damaged or of other layers."""
    path = picture.folder / ABOUT
    if not path.is_file():
        return None
    about: Any = read_json(path)
    with readable(path):
        stack = Stack(
            tuple((int(place), float(share)) for place, share in about["likeliest"]),
            tuple(StackLayer(e["name"], *(tuple(e[part]) for part in ("channels", "tops", "peaks"))) for e in about["layers"]),
            tuple(Answer(**each) for each in about["answers"]),
            tuple(map(str, about["notes"])),
        )  # fmt: skip
        _check(atlas, stack)
    return stack


def _check(atlas: Atlas, stack: Stack) -> None:
    for layer in stack.layers:
        channels = atlas.layers[layer.name].channels
        if not all(0 <= channel < channels for channel in layer.channels):
            raise ValueError(f"channels of {layer.name} run to {channels - 1}")
    if not all(0 <= place < len(atlas.classes) for place, _ in stack.likeliest):
        raise ValueError(f"classes run to {len(atlas.classes) - 1}")
    if not all(len(each.key) == 32 and each.key.isalnum() for each in stack.answers):
        raise ValueError("a map has no key")


def write_stack(picture: Picture, stack: Stack, levels: Sequence[np.ndarray] | None = None) -> None:
    """Keep a stack; ``levels`` are uint8 ``[n, H, W]`` of each layer, left out where only answers were added."""
    if levels is not None:
        write_picture(picture.folder / MAPS, joined(levels))
    write_json(picture.folder / ABOUT, asdict(stack))


def joined(levels: Sequence[np.ndarray]) -> np.ndarray:
    """One grey picture: the maps of a layer side by side, the layers one below the other."""
    rows = [np.concatenate(list(maps), axis=1) for maps in levels]
    width = max((row.shape[1] for row in rows), default=1)
    return np.concatenate([np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows])


def places(atlas: Atlas, stack: Stack) -> Iterator[int]:
    """Where the maps of each layer begin in the picture of all maps, in pixels from its top."""
    top = 0
    for layer in stack.layers:
        yield top
        top += atlas.layers[layer.name].shape[1]


def maps_size(picture: Picture) -> tuple[int, int]:
    """(width, height) of the picture of all maps; raises BadAtlas."""
    path = picture.folder / MAPS
    with readable(path), Image.open(path) as found:
        return found.size


def add_answer(picture: Picture, stack: Stack, found: Answer) -> Stack:
    """Keep with a stack that a map was made; the same once only."""
    if found in stack.answers:
        return stack
    more = replace(stack, answers=(*stack.answers, found))
    write_stack(picture, more)
    return more


def answered(picture: Picture, key: str) -> PixelMap:
    """A remembered map of a picture; raises BadAtlas."""
    if not (len(key) == 32 and key.isascii() and key.isalnum()):
        raise BadAtlas(f"there is no map {key!r}: its key is 32 hexadecimal digits")
    return read_map(layout.map_file(picture.memory, key))


def stacked(atlas: Atlas) -> list[Picture]:
    """Surveyed images that have a stack, by row; those dropped in are not among them."""
    found = (path.parent.name for path in Path(atlas.path / "stacks").glob(f"*/{ABOUT}"))
    rows = sorted(int(name) for name in found if name.isascii() and name.isdigit())
    return [find_picture(atlas, str(row)) for row in rows if row < len(atlas.images)]
