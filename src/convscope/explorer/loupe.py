"""The arrays of the Loupe as a classic script.

Scripts, not JSON: a page opened by double click may load scripts but may not fetch.
"""

import base64
import json

import numpy as np

from convscope.atlas.read import Atlas
from convscope.atlas.sight import sight


def script(atlas: Atlas, chosen: int, layer: str) -> str:
    """The arrays as a call of ``Scope.loupe``; channels and thousandths of the score as base64 uint16."""
    seen = sight(atlas, chosen, layer)
    grid = seen.cells
    data = {
        "image": chosen,
        "layer": seen.layer.name,
        "height": seen.layer.shape[1],
        "width": seen.layer.shape[2],
        "cell": [grid.left, grid.top, grid.width, grid.height],
        "rows": seen.layer.field.rows.tolist(),
        "columns": seen.layer.field.columns.tolist(),
        "channel": _base64(seen.channel),
        "score": _base64(np.clip(np.rint(seen.score * 1000), 0, 65535)),
    }
    return f"Scope.loupe({json.dumps(data)});\n"


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<u2").tobytes()).decode()
