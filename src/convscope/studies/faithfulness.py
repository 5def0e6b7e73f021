"""Faithfulness: does the unit fall first when first that is deleted which the map marks most?

Deletion and insertion curves of Petsiuk, Das & Saenko 2018 (arXiv 1806.07421, section 3.3), beside a control
with a spread: pixels in random order, or the same map shifted to a random place. Single pixels taken out all
over break every edge, and put in all over they soon show a coarse copy of the whole, so a map of large patches
is fairly compared only with itself elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from convscope.errors import Unanswerable
from convscope.lenses.look import Target, aim
from convscope.model.filling import filling
from convscope.model.measure import activation_of, measure
from convscope.model.model import Model
from convscope.model.occlusion import AT_ONCE
from convscope.plain.boxes import Box
from convscope.plain.unit import Unit

Control = Literal["pixels", "shifted"]
CONTROLS: dict[Control, str] = {
    "pixels": "pixels in random order",
    "shifted": "the same map shifted at random",
}


@dataclass(frozen=True, eq=False)
class Faithfulness:
    """What is left of the unit, 1 as it was and 0 with nothing shown, as more and more pixels change.

    ``shares`` ``[steps + 1]`` are the changed share of the pixels that the unit can see; ``deletion`` takes
    the most marked away first, ``insertion`` puts them back first; ``control_deletion`` and
    ``control_insertion`` ``[seeds, steps + 1]`` go in the orders of ``control``.
    """

    control: Control

    shares: np.ndarray
    deletion: np.ndarray
    insertion: np.ndarray
    control_deletion: np.ndarray
    control_insertion: np.ndarray

    @property
    def deletion_area(self) -> float:
        """Under the deletion curve; lower is better."""
        return float(area(self.deletion))

    @property
    def insertion_area(self) -> float:
        """Under the insertion curve; higher is better."""
        return float(area(self.insertion))

    @property
    def control_deletion_areas(self) -> list[float]:
        """The control's, one a seed."""
        return area(self.control_deletion).tolist()

    @property
    def control_insertion_areas(self) -> list[float]:
        """The control's, one a seed."""
        return area(self.control_insertion).tolist()

    @property
    def sentence(self) -> str:
        """Both areas beside the mean and the spread of the control."""
        told = [
            f"{what} {own:.3f} ({CONTROLS[self.control]} {np.mean(control):.3f} ± {np.std(control):.3f}, {len(control)} seeds)"
            for what, own, control in (
                ("deletion", self.deletion_area, self.control_deletion_areas),
                ("insertion", self.insertion_area, self.control_insertion_areas),
            )
        ]
        return f"Faithfulness, areas under the curves: {'; '.join(told)}. Deletion should be low, insertion high."


def faithfulness(
    model: Model,
    unit: Unit,
    image: Any,
    lens: Any,
    *,
    steps: int = 20,
    fill: str | float = "blur",
    seeds: int = 5,
    control: Control = "pixels",
    signed: bool | None = None,
) -> Faithfulness:
    """Deletion and insertion curves of the map that ``lens`` makes, and of ``seeds`` controls.

    Pixels are ranked by the map summed over colours: ``signed`` where its values are shares of the activation
    (as the lens says, unless given), else by the sum of absolute values. Equal pixels go in random order.
    Raises what the lens raises, and Unanswerable where the unit is no lower with nothing shown.

    >>> faithfulness(model, cs.Unit("relu3", 5), photo, cs.Occlusion()).deletion_area  # doctest: +SKIP
    """
    target = aim(model, unit, image)
    seen = lens(model, target.unit, image)
    signed = bool(getattr(lens, "shares", False)) if signed is None else signed
    cover = filling(model, target.pixels, fill)
    orders = [ranked(seen.array, target.field, signed)]
    for seed in range(seeds):
        moved = shifted(seen.array, target.field, seed) if control == "shifted" else np.zeros_like(seen.array)
        orders.append(ranked(moved, target.field, signed, seed))
    deletion = np.stack([_curve(target, target.pixels, cover, order, steps) for order in orders])
    insertion = np.stack([_curve(target, cover, target.pixels, order, steps) for order in orders])
    full, empty = deletion[0, 0], insertion[0, 0]
    if full <= empty:
        raise Unanswerable(
            f"{unit} of {model.name} is no lower with nothing shown ({empty:.4g}) than on this image ({full:.4g}): "
            f"there is nothing to delete. Choose another fill than {fill}"
        )
    deletion, insertion = ((values - empty) / (full - empty) for values in (deletion, insertion))
    shares = np.linspace(0, 1, steps + 1)
    return Faithfulness(control, shares, deletion[0], insertion[0], deletion[1:], insertion[1:])


def area(curve: np.ndarray) -> Any:
    """Under curves ``[..., steps + 1]`` over shares from 0 to 1, by trapezoids."""
    return (curve[..., :-1] + curve[..., 1:]).mean(-1) / 2


def ranked(array: np.ndarray, box: Box, signed: bool, seed: int = 0) -> np.ndarray:
    """The pixels in a box as flat indices, the most marked first; equal ones in random order."""
    left, top, right, bottom = (int(edge) for edge in box)
    inside = (np.arange(top, bottom)[:, None] * array.shape[1] + np.arange(left, right)).ravel()
    inside = np.random.default_rng(seed).permutation(inside)
    marked = (array if signed else np.abs(array)).sum(2, dtype=np.float64).ravel()
    return inside[np.argsort(-marked[inside], kind="stable")]


def shifted(array: np.ndarray, box: Box, seed: int) -> np.ndarray:
    """The map with what lies in its box moved to a random place there; what leaves it comes in on the other side."""
    left, top, right, bottom = (int(edge) for edge in box)
    by = np.random.default_rng(seed).integers((bottom - top, right - left))
    moved = array.copy()
    moved[top:bottom, left:right] = np.roll(array[top:bottom, left:right], tuple(by), (0, 1))
    return moved


def _curve(target: Target, start: Tensor, end: Tensor, order: np.ndarray, steps: int) -> np.ndarray:
    """The unit as more and more pixels of ``start`` are replaced by those of ``end``."""
    values = measure(
        target.model, _replaced(start, end, order, steps), {target.unit.layer: activation_of(target.unit)}
    )
    return values[target.unit.layer].cpu().double().numpy()


def _replaced(start: Tensor, end: Tensor, order: np.ndarray, steps: int) -> Iterator[Tensor]:
    counts = np.rint(np.linspace(0, len(order), steps + 1)).astype(int)
    for chunk in torch.arange(steps + 1).split(AT_ONCE):
        batch = start.expand(len(chunk), *start.shape).clone().flatten(2)
        for row, step in enumerate(chunk):
            changed = torch.from_numpy(order[: counts[step]])
            batch[row, :, changed] = end.flatten(1)[:, changed]
        yield batch.unflatten(2, start.shape[1:])
