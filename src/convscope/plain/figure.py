"""The figure of a network as plain data: a photo, stacks of maps, columns of units, and class probabilities."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadOutput
from convscope.plain.boxes import Box
from convscope.plain.ramp import Ramp


@dataclass(frozen=True, eq=False)
class Stack:
    """The maps of one layer: ``sheets`` uint8 ``[h, w]`` levels of a colour ramp, the liveliest channel first.

    ``size`` is (height, width, channels) of the whole layer, ``steps`` what was done since the picture
    before, ``folded`` what was left out between them. ``scale`` is the value drawn as full colour.
    ``cell`` is the strongest place of the first sheet and ``sees`` what it looks at in the picture
    before, both as shares of their picture; None where no single box holds.
    """

    name: str
    size: tuple[int, int, int]
    steps: tuple[str, ...]
    folded: str
    sheets: tuple[np.ndarray, ...]
    channels: tuple[int, ...]
    ramp: Ramp
    scale: float
    cell: Box | None = None
    sees: Box | None = None


@dataclass(frozen=True, eq=False)
class Column:
    """The units of a vector: ``levels`` uint8 ``[rows]``, each the strongest of equally many neighbours."""

    name: str
    units: int
    steps: tuple[str, ...]
    folded: str
    levels: np.ndarray
    ramp: Ramp
    scale: float


@dataclass(frozen=True, eq=False)
class Figure:
    """A network and what it makes of one photo, ready to be drawn.

    ``photo`` is what the network is shown, uint8 ``[h, w, 1 or 3]``; ``classes`` are the likeliest names
    with their probabilities; ``notes`` go under the drawing.
    """

    title: str
    subtitle: str
    photo: np.ndarray
    pictures: tuple[Stack | Column, ...]
    classes: tuple[tuple[str, float], ...]
    notes: tuple[str, ...] = ()

    @property
    def svg(self) -> str:
        """The drawing: one SVG that needs nothing else."""
        from convscope.plain.figure_drawing import draw

        return draw(self)

    def save(self, path: str | Path) -> Path:
        """Write the drawing; raises BadOutput where the name does not end in ``.svg``."""
        from convscope.plain.files import write_text

        target = drawing_path(path)
        write_text(target, self.svg)
        return target

    def _repr_svg_(self) -> str:
        return self.svg

    def as_dict(self) -> dict[str, Any]:
        """What it shows, without the pixels."""
        return {
            "title": self.title,
            "pictures": [
                {"name": p.name, "steps": list(p.steps), "folded": p.folded, "scale": p.scale}
                | ({"size": list(p.size), "channels": list(p.channels)} if isinstance(p, Stack) else {"units": p.units})
                for p in self.pictures
            ],
            "classes": [{"class": name, "probability": share} for name, share in self.classes],
            "notes": list(self.notes),
        }  # fmt: skip


def drawing_path(path: str | Path) -> Path:
    """The path, if a drawing can be written under that name; raises BadOutput."""
    target = Path(path)
    if target.suffix.lower() != ".svg":
        raise BadOutput(
            f"cannot write {target}: the figure is a drawing, so its name ends in .svg. Write "
            f"{target.with_suffix('.svg')}; browsers and slide programs open it and can save it as a picture."
        )
    return target
