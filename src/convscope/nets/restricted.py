"""A pickle of numpy arrays, read without the power to run anything.

The one place in convscope where a pickle is opened. Of the names a pickle may call only the three that numpy's
arrays need are admitted, and even those are answered by stand-ins of ours, so that none of numpy's own
functions, and nothing else, is ever called by the file.
"""

import pickle
from io import BytesIO
from math import prod
from typing import Any

import numpy as np

from convscope.errors import BadModel

KINDS = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"}


def read_arrays(data: bytes, source: str) -> Any:
    """The lists, tuples, dicts, numbers and texts of a pickle, with its arrays of numbers; nothing else is admitted.

    Raises BadModel, naming what the pickle wanted to call.

    >>> read_arrays(b"cos\\nsystem\\n(S'id'\\ntR.", "w.pkl")
    Traceback (most recent call last):
    convscope.errors.BadModel: w.pkl is refused: it calls os.system, and only numpy arrays are admitted...
    """
    try:
        return _plain(_Arrays(BytesIO(data)).load())
    except _Refused as error:
        raise BadModel(f"{source} is refused: {error}, and only numpy arrays are admitted") from None
    except Exception as error:  # a hostile stream can fail in a dozen ways
        raise BadModel(f"{source} is no intact pickle of numpy arrays: {error}") from None


class _Refused(Exception):
    pass


class _Kind:
    """Stands for ``numpy.dtype``: a number type of the closed list."""

    def __init__(self, name: object, *_: object):
        if name not in KINDS:
            raise _Refused(f"it holds an array of type {name!r}")
        self.name = str(name)
        self.order = "<"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = {"<": "<", ">": ">", "|": "<", "=": "<"}[state[1]]


class _Type:
    """Stands for the type ``numpy.ndarray``, which is named but must not be called."""

    def __init__(self, *_: object):
        raise _Refused("it calls numpy.ndarray")

    def __setstate__(self, state: object) -> None:
        raise _Refused("it changes numpy.ndarray")


class _Array:
    """Stands for an empty array that is filled by its state: version, shape, type, column order, bytes."""

    def __init__(self, *_: object):
        self.numbers: np.ndarray | None = None

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, kind, columns, raw = state
        if not isinstance(kind, _Kind) or not isinstance(raw, bytes):
            raise _Refused("it holds an array that is not plain numbers")
        values = np.frombuffer(raw, np.dtype(kind.order + kind.name))
        if values.size != prod(shape):
            raise _Refused(f"it holds an array of shape {shape} with {values.size} numbers")
        self.numbers = values.reshape(shape, order="F" if columns else "C")


ADMITTED = {
    ("numpy", "ndarray"): _Type,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _Arrays(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if (module_name, global_name) not in ADMITTED:
            raise _Refused(f"it calls {module_name}.{global_name}")
        return ADMITTED[module_name, global_name]


def _plain(value: Any) -> Any:
    """The same with arrays for their stand-ins; raises _Refused for anything that is no plain data."""
    if isinstance(value, _Array) and value.numbers is not None:
        return value.numbers
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if value is None or isinstance(value, str | bytes | int | float):
        return value
    raise _Refused(f"it holds a {type(value).__name__.strip('_').lower()}")
