"""The arrays of the Loupe as a script of data."""

import numpy as np

from convscope.atlas.read import Atlas
from convscope.atlas.sight import NONE, sight
from convscope.explorer.addresses import loupe_script
from convscope.explorer.packed import packed


def script(atlas: Atlas, chosen: int, layer: str) -> str:
    """Who answers in each cell, three a cell, row by row, with thousandths of the score.

    ``present`` lists the channels in the order in which their maps lie below each other in the picture of the Loupe.
    """
    seen = sight(atlas, chosen, layer)
    grid = seen.cells
    data = {
        "height": seen.layer.shape[1],
        "width": seen.layer.shape[2],
        "cell": [grid.left, grid.top, grid.width, grid.height],
        "rows": seen.layer.field.rows.tolist(),
        "columns": seen.layer.field.columns.tolist(),
        "channels": seen.channel.ravel().tolist(),
        "scores": np.clip(np.rint(seen.score * 1000), 0, 65535).astype(int).ravel().tolist(),
        "present": np.setdiff1d(seen.channel, [NONE]).tolist(),
    }
    return packed(loupe_script(chosen, layer), data)
