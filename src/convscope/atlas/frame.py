"""The numbers of a layer as a table of pandas, where that is installed."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from convscope.errors import Unanswerable


def as_frame(columns: Mapping[str, np.ndarray], classes: Sequence[str]) -> Any:
    """A DataFrame of ``columns`` ``[C]`` and ``[C, K]``, of the latter a column a class, ``class_mean cat``.

    Raises Unanswerable where pandas is not installed.
    """
    try:
        pandas = import_module("pandas")  # not among what convscope needs
    except ImportError as error:
        raise Unanswerable(
            "a frame needs pandas, which is not installed: pip install pandas, or use atlas.channels(layer)"
        ) from error
    return pandas.DataFrame(dict(_flat(columns, classes))).set_index("channel")


def _flat(columns: Mapping[str, np.ndarray], classes: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    for name, array in columns.items():
        if array.ndim == 1:
            yield name, array
        else:
            yield from ((f"{name} {label}", array[:, place]) for place, label in enumerate(classes))
