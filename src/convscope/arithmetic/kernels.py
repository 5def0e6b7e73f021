"""Kernels that courses draw on the blackboard, by name, and kernels read from a file of numbers.

They are applied without flipping, as every deep-learning library does (cross-correlation).
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convscope.errors import BadSpec, UnknownName


def _matrix(text: str, over: int = 1) -> np.ndarray:
    return np.array([[float(number) for number in row.split()] for row in text.split("/")]) / over


KERNELS: dict[str, np.ndarray] = {
    "identity": _matrix("0 0 0 / 0 1 0 / 0 0 0"),
    # brightness that rises to the right, downwards, and towards the upper right, above and upper left
    "sobel-x": _matrix("-1 0 1 / -2 0 2 / -1 0 1"),
    "sobel-y": _matrix("-1 -2 -1 / 0 0 0 / 1 2 1"),
    "prewitt-x": _matrix("-1 0 1 / -1 0 1 / -1 0 1"),
    "prewitt-y": _matrix("-1 -1 -1 / 0 0 0 / 1 1 1"),
    "scharr-x": _matrix("-3 0 3 / -10 0 10 / -3 0 3"),
    "scharr-y": _matrix("-3 -10 -3 / 0 0 0 / 3 10 3"),
    "edge-0": _matrix("-1 0 1 / -2 0 2 / -1 0 1"),
    "edge-45": _matrix("0 1 2 / -1 0 1 / -2 -1 0"),
    "edge-90": _matrix("1 2 1 / 0 0 0 / -1 -2 -1"),
    "edge-135": _matrix("2 1 0 / 1 0 -1 / 0 -1 -2"),
    "laplacian": _matrix("0 1 0 / 1 -4 1 / 0 1 0"),
    "outline": _matrix("-1 -1 -1 / -1 8 -1 / -1 -1 -1"),
    "sharpen": _matrix("0 -1 0 / -1 5 -1 / 0 -1 0"),
    "emboss": _matrix("-2 -1 0 / -1 1 1 / 0 1 2"),
    "blur": _matrix("1 1 1 / 1 1 1 / 1 1 1", 9),
    "blur-5": np.full((5, 5), 1 / 25),
    "gaussian": _matrix("1 2 1 / 2 4 2 / 1 2 1", 16),
    "gaussian-5": np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256,
}


def find_kernel(name: str) -> np.ndarray:
    """The weights ``[k, k]`` of a kernel by name, or of a file of numbers; raises UnknownName, BadSpec.

    >>> find_kernel("sobel-x")[1].tolist()
    [-2.0, 0.0, 2.0]
    """
    if name in KERNELS:
        return KERNELS[name].copy()
    path = Path(name)
    if path.is_file():
        return read_kernel(path)
    if path.suffix in (".txt", ".csv", ".json"):
        raise BadSpec(f"there is no kernel file {name}: write a matrix of numbers into it, a row a line")
    raise UnknownName(
        "kernel", name, KERNELS, "Or give a file of numbers, or MODEL:LAYER:CHANNEL of a network."
    )


def read_kernel(path: Path) -> np.ndarray:
    """Weights ``[k, k]``, or ``[channels, k, k]``, of a text, CSV or JSON file; raises BadSpec.

    In text, numbers are separated by spaces, commas or semicolons, a row a line; ``#`` starts a comment.
    """
    try:
        text = path.read_text("utf-8-sig")
        rows = json.loads(text) if path.suffix == ".json" else _rows(text)
        return as_kernel(rows)
    except (OSError, ValueError, TypeError, BadSpec) as error:
        reason = " ".join(str(error).split())
        raise BadSpec(
            f"cannot read kernel {path}: {reason}. Write a matrix of numbers, a row a line."
        ) from error


def _rows(text: str) -> list[list[float]]:
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [[float(number) for number in re.split(r"[,;\s]+", line.strip(",;"))] for line in lines if line]


def as_kernel(weights: Sequence[object] | np.ndarray) -> np.ndarray:
    """Finite float64 weights ``[height, width]`` or ``[channels, height, width]``; raises BadSpec."""
    try:
        kernel = np.asarray(weights, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise BadSpec("a kernel is a matrix of numbers, all rows equally long") from error
    if kernel.ndim not in (2, 3) or kernel.size == 0 or not np.isfinite(kernel).all():
        raise BadSpec(
            f"a kernel is a matrix of finite numbers, or one matrix a channel, not shape {kernel.shape}"
        )
    return kernel
