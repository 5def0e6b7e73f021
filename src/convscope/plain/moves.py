"""How far pictures are moved, enlarged and turned, and what that did to every layer (figure 5 of Zeiler & Fergus)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["translation", "scale", "rotation"]
# words for the steps, and the step that leaves the picture as it is
KINDS: dict[Kind, tuple[str, float]] = {
    "translation": ("pixels down", 0),
    "scale": ("times as large", 1),
    "rotation": ("degrees", 0),
}
FURTHEST = 60 / 224  # of the height, as the figure's 60 pixels are
SCALES = tuple(round(1 + 0.1 * step, 1) for step in range(9))
ANGLES = tuple(range(0, 360, 15))


def steps(height: int) -> dict[Kind, tuple[float, ...]]:
    """The steps of every kind for pictures of ``height``: whole pixels up and down, factors, degrees.

    >>> steps(224)["translation"]
    (-60, -50, -40, -30, -20, -10, 0, 10, 20, 30, 40, 50, 60)
    """
    places = sorted({round(height * FURTHEST * part / 6) for part in range(-6, 7)})
    return {"translation": tuple(places), "scale": SCALES, "rotation": ANGLES}


@dataclass(frozen=True, eq=False)
class Moved:
    """What one kind of move did: for every layer the ``distance`` ``[pictures, steps]``, and the ``probability``.

    The distance is Euclidean, ||f(moved) - f(picture)||, of all numbers of the layer at once; the probability is
    of each picture's own class.
    """

    kind: Kind
    steps: tuple[float, ...]
    distance: Mapping[str, np.ndarray]
    probability: np.ndarray

    @property
    def still(self) -> int:
        """The place of the step that leaves a picture as it is."""
        return self.steps.index(KINDS[self.kind][1])


@dataclass(frozen=True, eq=False)
class Moves:
    """All kinds for some pictures: their ``rows``, the ``classes`` watched, every layer's ``norm`` ``[pictures]``."""

    rows: tuple[int, ...]
    classes: tuple[int, ...]
    norm: Mapping[str, np.ndarray]
    moved: Mapping[Kind, Moved]

    @property
    def layers(self) -> list[str]:
        return list(self.norm)

    def relative(self, kind: Kind, layer: str, step: int) -> float:
        """The mean over the pictures of the distance as a share of the layer's own length; NaN where that is zero."""
        norm, distance = self.norm[layer], self.moved[kind].distance[layer][:, step]
        shares = distance[norm > 0] / norm[norm > 0]
        return float(shares.mean()) if len(shares) else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Plain data, from which ``read_moves`` makes an equal one, to six digits."""
        return {
            "rows": list(self.rows), "classes": list(self.classes), "norm": _lists(self.norm),
            "moved": {
                kind: asdict(one) | {"distance": _lists(one.distance), "probability": _digits(one.probability)}
                for kind, one in self.moved.items()
            },
        }  # fmt: skip


def _lists(arrays: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
    return {name: _digits(array) for name, array in arrays.items()}


def _digits(array: np.ndarray) -> list[Any]:
    """An array as lists of numbers of six significant digits: more than curves can show."""
    return np.array([float(f"{value:.6g}") for value in array.ravel()]).reshape(array.shape).tolist()


def read_moves(data: Mapping[str, Any]) -> Moves:
    """Moves from their plain data; raises what a missing or foreign entry raises, ValueError where sizes differ."""
    rows, classes = tuple(map(int, data["rows"])), tuple(map(int, data["classes"]))
    norm = {str(name): np.array(values, dtype=np.float64) for name, values in data["norm"].items()}
    moved: dict[Kind, Moved] = {kind: _moved(kind, data["moved"][kind]) for kind in KINDS}
    shapes = {array.shape for array in norm.values()} | {(len(classes),)}
    for one in moved.values():
        shape = (len(rows), len(one.steps))
        fits = {array.shape for array in one.distance.values()} | {one.probability.shape} == {shape}
        if not fits or list(one.distance) != list(norm) or KINDS[one.kind][1] not in one.steps:
            raise ValueError(f"{one.kind} is not of {shape} numbers a layer")
    if shapes != {(len(rows),)} or not rows:
        raise ValueError(f"not one norm and class for each of {len(rows)} pictures")
    return Moves(rows, classes, norm, moved)


def _moved(kind: Kind, data: Mapping[str, Any]) -> Moved:
    distance = {str(name): np.array(rows, dtype=np.float64) for name, rows in data["distance"].items()}
    numbers = [*distance.values(), probability := np.array(data["probability"], dtype=np.float64)]
    if not all(np.isfinite(array).all() for array in numbers):
        raise ValueError(f"{kind} holds what is no number")
    return Moved(kind, tuple(map(float, data["steps"])), distance, probability)
