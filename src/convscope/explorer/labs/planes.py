"""Maps of equal size that share one cursor: what the lab ``scope-planes`` draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Planes:
    """Every view holds the same maps by name, ``[h, w]``: numbers, or colours as text; ``at`` opens.

    ``step`` says how far the cursor moves on a plane that is not cut into cells, in its own pixels;
    ``full`` is the number of full colour on all planes, the largest of each one where it is not given.
    """

    views: tuple[Mapping[str, np.ndarray], ...]
    at: tuple[int, int]
    step: Mapping[str, int] = field(default_factory=dict)
    full: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        rows, columns = next(iter(self.views[0].values())).shape
        return rows, columns

    @property
    def most(self) -> dict[str, float]:
        """The number of full colour: one scale of tints for a plane in all views."""
        numbers = [name for name, plane in self.views[0].items() if plane.dtype.kind != "U"]
        if self.full is not None:
            return dict.fromkeys(numbers, self.full)
        return {name: max(float(np.abs(view[name]).max()) for view in self.views) for name in numbers}

    def __getitem__(self, name: str) -> np.ndarray:
        """A plane of the view that opens."""
        return self.views[0][name]

    def now(self, name: str) -> float:
        """What stands under the cursor when the page opens."""
        return float(self[name][self.at])

    def as_dict(self) -> dict[str, Any]:
        """What the page's script needs: numbers with six digits after the point, row after row."""
        views = [{name: plain(plane) for name, plane in view.items()} for view in self.views]
        return {"size": self.size, "at": self.at, "step": self.step, "most": self.most, "views": views}


def plain(plane: np.ndarray) -> list[Any]:
    """Cells row after row; whole numbers without a point."""
    if plane.dtype.kind in "Ui":
        return plane.ravel().tolist()
    return [int(value) if value == round(value) else value for value in plane.ravel().round(6).tolist()]
