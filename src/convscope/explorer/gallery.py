"""All images of an atlas in groups (all, wrongly named, one class), some hundred a page."""

from dataclasses import dataclass

import numpy as np

from convscope.atlas.read import Atlas
from convscope.errors import UnknownName
from convscope.explorer.addresses import ROWS_A_PAGE
from convscope.explorer.excerpt import rows_in


@dataclass(frozen=True)
class Group:
    """Rows that share something: ``key`` stands in the address, ``name`` on the page."""

    key: str
    name: str
    rows: np.ndarray

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.rows) // ROWS_A_PAGE))

    def page(self, number: int) -> np.ndarray:
        """The rows of page ``number``, counted from 1; raises UnknownName."""
        if not 1 <= number <= self.pages:
            raise UnknownName("page", number, (str(n + 1) for n in range(self.pages)))
        return self.rows[(number - 1) * ROWS_A_PAGE : number * ROWS_A_PAGE]


def wrong(atlas: Atlas) -> np.ndarray:
    """Whether each row has a label that is a class of the network, and the network gave another."""
    return (atlas.truth >= 0) & (atlas.images.predicted != atlas.truth)


def groups(atlas: Atlas) -> dict[str, Group]:
    """Every group of what is shown by key: ``all``, ``wrong`` where labels are known, ``class-0`` and so on."""
    every = rows_in(atlas)
    labels = atlas.images.labels[every]
    found = [Group("all", "all", every)]
    if (atlas.truth >= 0).any():
        found.append(Group("wrong", "named wrongly", every[wrong(atlas)[every]]))
    for index, name in enumerate(atlas.image_classes):
        rows = every[labels == index]
        if len(rows):
            found.append(Group(f"class-{index}", name, rows))
    return {group.key: group for group in found}
