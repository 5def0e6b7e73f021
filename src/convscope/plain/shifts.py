"""How a network reacts to shifted pictures: the settings, the numbers, and what they say."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from convscope.errors import BadSpec

Axis = Literal["x", "y", "both"]
Border = Literal["reflect", "edge", "wrap"]


@dataclass(frozen=True)
class Shift:
    """How far pictures are moved, in pixels of the network's input, and what fills the edge they leave.

    Raises BadSpec naming the value.

    Parameters
    ----------
    by
        Pixels: a range "0..8" or a list "0,2,4".
    axis
        x moves to the right, y down, both along the diagonal.
    border
        What comes in at the edge: the picture mirrored there (reflect), its last pixels (edge), or
        what left at the other side (wrap).
    sample
        How many pictures of a folder at most, evenly spaced.
    split
        Which images of a source that has splits: train, val, test or all.

    >>> Shift(by="0..3").steps
    (0, 1, 2, 3)
    """

    by: str = "0..8"
    axis: Axis = "x"
    border: Border = "reflect"
    sample: int = 100
    split: str = "all"

    def __post_init__(self) -> None:
        for name, kind in (("axis", Axis), ("border", Border)):
            if getattr(self, name) not in get_args(kind):
                raise BadSpec(f"{name} is {getattr(self, name)!r}: choose {', '.join(get_args(kind))}")
        if self.sample < 1:
            raise BadSpec(f"sample is {self.sample}: choose a number from 1")
        if not self.steps:
            raise BadSpec(f"by is {self.by!r}, which holds no shift: write for example 0..8")

    @property
    def steps(self) -> tuple[int, ...]:
        """The shifts in pixels, ascending."""
        text = self.by.replace(" ", "")
        if found := re.fullmatch(r"(\d+)\.\.(\d+)", text):
            return tuple(range(int(found[1]), int(found[2]) + 1))
        if re.fullmatch(r"\d+(,\d+)*", text):
            return tuple(sorted(set(map(int, text.split(",")))))
        raise BadSpec(f"cannot read by {self.by!r}: write pixels as 0..8 or 0,2,4")


@dataclass(frozen=True, eq=False)
class LayerChange:
    """How much one layer's output changes, ``[pictures, shifts]``, as a share of its own length.

    ``change`` is the Euclidean distance to the unshifted output over that output's norm (Zeiler & Fergus
    2014, figure 5, divided by the norm); NaN where the unshifted output is all zero and the shifted is not.
    ``aligned`` compares after moving the map along: only where the shift is a whole number of the layer's
    ``stride``, on the positions that both maps have; NaN elsewhere.
    """

    name: str
    shape: tuple[int, ...]
    stride: tuple[int, int] | None
    change: np.ndarray
    aligned: np.ndarray

    def __repr__(self) -> str:
        pictures, shifts = self.change.shape
        return f"<LayerChange {self.name}: {pictures} pictures x {shifts} shifts>"


@dataclass(frozen=True, eq=False)
class Reaction:
    """One network's reaction: its layers in running order, its answer, and the model's own notes.

    ``probability`` ``[pictures, shifts]`` is of the class named for the unshifted picture; ``kept`` says
    whether that class is still the most probable one.
    """

    model: str
    parameters: int
    layers: Mapping[str, LayerChange]
    probability: np.ndarray
    kept: np.ndarray
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Reaction of {self.model}: {len(self.layers)} layers, in .layers by name>"

    @property
    def output(self) -> LayerChange:
        return list(self.layers.values())[-1]


@dataclass(frozen=True, eq=False)
class Shifts:
    """What shifts of ``ids``, out of ``of`` pictures of ``size`` (height, width), did to a model and its twin.

    ``example`` is the first picture under every shift, uint8 ``[shifts, h, w, c]``; None where it came as numbers.
    """

    settings: Shift
    ids: tuple[str, ...]
    of: int
    size: tuple[int, int]
    model: Reaction
    twin: Reaction | None = None
    example: np.ndarray | None = None

    def __repr__(self) -> str:
        many = "1 picture" if len(self.ids) == 1 else f"{len(self.ids)} pictures"
        return f"<Shifts of {many} by {self.settings.by} pixels: {', '.join(map(repr, filter(None, (self.model, self.twin))))}>"

    @property
    def notes(self) -> list[str]:
        """What should be known of the networks themselves, such as that weights are random."""
        both = filter(None, (self.model, self.twin))
        return [f"{each.model}: {note}" for each in both for note in each.notes]

    @cached_property
    def pairs(self) -> list[tuple[LayerChange, LayerChange | None]]:
        """The model's layers beside the twin's where all sizes agree in turn; else only the outputs pair."""
        mine = list(self.model.layers.values())
        theirs = [] if self.twin is None else list(self.twin.layers.values())
        if [layer.shape for layer in mine] == [layer.shape for layer in theirs]:
            return list(zip(mine, theirs, strict=True))
        alone: list[tuple[LayerChange, LayerChange | None]] = [(layer, None) for layer in mine[:-1]]
        return [*alone, (mine[-1], theirs[-1] if theirs else None)]

    @property
    def finding(self) -> str:
        """One sentence that the numbers make, and that claims no more than was measured."""
        from convscope.plain.shift_finding import alone, compared

        return alone(self) if self.twin is None else compared(self, self.twin)

    @property
    def details(self) -> str:
        """What belongs to the finding: the answer, the stages one by one, and its limits; empty without a twin."""
        from convscope.plain.shift_finding import details

        return "" if self.twin is None else " ".join(details(self, self.twin))

    def as_dict(self) -> dict[str, Any]:
        """Means and standard deviations over the pictures; None where nothing is defined."""
        both = [self.model] if self.twin is None else [self.model, self.twin]
        return {
            "settings": asdict(self.settings), "steps": list(self.settings.steps),
            "finding": self.finding, "details": self.details, "notes": self.notes,
            "pictures": len(self.ids), "of": self.of, "models": [_reaction(each) for each in both],
        }  # fmt: skip

    def save(self, folder: str | Path) -> Path:
        """Write ``index.html``, its chart ``shift.svg`` and its numbers ``shift.json``; returns the page's path."""
        from convscope.plain.files import write_json, write_text
        from convscope.plain.render import save_png
        from convscope.plain.shift_page import example_strip, shift_chart, shift_page

        root = Path(folder)
        strip = example_strip(self)
        if strip is not None:
            save_png(root / "shifted.png", strip)
        write_text(root / "shift.svg", shift_chart(self))
        write_json(root / "shift.json", self.as_dict())
        write_text(root / "index.html", shift_page(self))
        return root / "index.html"


def mean(values: np.ndarray) -> np.ndarray:
    """Over the pictures ``[n, shifts]``; NaN where no picture has a value."""
    return _over_pictures(values, np.mean)


def spread(values: np.ndarray) -> np.ndarray:
    """Standard deviation over the pictures ``[n, shifts]``; 0 for one picture."""
    return _over_pictures(values, np.std)


def _over_pictures(values: np.ndarray, reduce: Any) -> np.ndarray:
    columns = [column[np.isfinite(column)] for column in values.T]
    return np.array([reduce(column) if len(column) else np.nan for column in columns])


def _reaction(reaction: Reaction) -> dict[str, Any]:
    return {
        "model": reaction.model,
        "parameters": reaction.parameters,
        "probability": _plain(mean(reaction.probability)),
        "kept": _plain(mean(reaction.kept.astype(float))),
        "layers": [
            {
                "layer": layer.name, "shape": list(layer.shape), "stride": layer.stride,
                "change": _plain(mean(layer.change)), "spread": _plain(spread(layer.change)),
                "aligned": _plain(mean(layer.aligned)),
            }
            for layer in reaction.layers.values()
        ],
    }  # fmt: skip


def _plain(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]
