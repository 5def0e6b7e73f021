"""What stands about a channel, in one picture: whole images of its winners, ordinary answers, the channels most alike."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from convscope.atlas import layout
from convscope.atlas.context import SIDES, Row, compose, examples
from convscope.atlas.write import write_picture
from convscope.plain.fit import match_channels
from convscope.plain.render import scale_tile
from convscope.survey.easel import Easel, Pair, list_pairs
from convscope.survey.tiles import empty

Places = tuple[np.ndarray, np.ndarray, np.ndarray]  # image, y and x of every tile of a row, each [C, n]


def write_context(easel: Easel, group: range) -> None:
    """One picture a channel of a group."""

    def whole(pair: Pair) -> np.ndarray:
        return match_channels(easel.pixels.shown(pair.row), 3)

    rows = [
        _row("whole", _winners(easel.numbers), group, whole),
        _row("ordinary", _ordinary(easel.numbers), group, easel.patch),
        _row("alike", _alike(easel.numbers), group, easel.patch),
    ]
    for place, channel in enumerate(group):
        picture = compose([tiles[place] for tiles in rows])
        write_picture(layout.context_file(easel.root, easel.layer.name, channel), picture)


def _row(row: Row, places: Places, group: range, see: Callable[[Pair], np.ndarray]) -> np.ndarray:
    """The tiles of a row ``[channels, n, side, side, 3]``."""
    side = SIDES[row]
    tiles = empty(len(group), places[0].shape[1], side, layout.OUTSIDE)

    @lru_cache  # pairs come ordered by image, and channels that are alike share theirs
    def tile(image: int, y: int, x: int) -> np.ndarray:
        return scale_tile(see(Pair(0, 0, image, y, x)), side)

    for pair in list_pairs(*places, group):
        tiles[pair.channel - group.start, pair.rank] = tile(pair.row, pair.y, pair.x)
    return tiles


def _winners(numbers: Mapping[str, np.ndarray]) -> Places:
    nowhere = np.zeros_like(numbers["image"])  # it is the whole image that is shown
    return numbers["image"], nowhere, nowhere


def _ordinary(numbers: Mapping[str, np.ndarray]) -> Places:
    return _flat(*(numbers[f"quantile_{name}"] for name in ("image", "y", "x")))


def _alike(numbers: Mapping[str, np.ndarray]) -> Places:
    """The strongest patches of each of the channels that are alike."""
    near, many = numbers["neighbour"], examples(numbers)
    image, y, x = (numbers[name][near, :many] for name in ("image", "y", "x"))
    return _flat(np.where(near[:, :, None] < 0, -1, image), y, x)


def _flat(image: np.ndarray, y: np.ndarray, x: np.ndarray) -> Places:
    """``[C, n, examples]`` as ``[C, n * examples]``."""
    many = len(image)
    return image.reshape(many, -1), y.reshape(many, -1), x.reshape(many, -1)
