"""What comes after a convolution: ``relu``, ``max2``, ``avg3s2:same``, read from text and applied to a map."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from convscope.arithmetic import sliding
from convscope.arithmetic.convolution import Padding
from convscope.arithmetic.window import Window
from convscope.errors import BadSpec

POOL = re.compile(r"(?P<by>max|avg)(?P<size>[1-9]\d*)(?:s(?P<stride>[1-9]\d*))?(?::(?P<padding>[\w,-]+))?")


@dataclass(frozen=True)
class Step:
    """One step by its name; a pool has a window, a rectifier none."""

    name: str
    window: Window | None = None

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The map after this step; raises BadSpec where the window does not fit."""
        if self.window is None:
            return np.maximum(values, 0)
        if 0 in (self.window.outputs(n) for n in values.shape):
            size = " x ".join(map(str, values.shape))
            raise BadSpec(
                f"{self.name} does not fit a map of {size}: leave it out or choose a smaller window"
            )
        by = cast(Literal["max", "avg"], self.name[:3])
        return sliding.pool(values, by, self.window, self.window)


def read_steps(text: str | Iterable[str]) -> tuple[Step, ...]:
    """Steps from text such as ``relu,max2``; raises BadSpec naming the step.

    >>> [step.name for step in read_steps("relu,max3s2:same")]
    ['relu', 'max3s2:same']
    """
    names = re.split(r"[,\s]+(?=[a-z])", text) if isinstance(text, str) else text
    return tuple(_step(name.strip()) for name in names if name.strip())


def _step(name: str) -> Step:
    if name == "relu":
        return Step(name)
    found = POOL.fullmatch(name)
    if not found:
        raise BadSpec(
            f"cannot read step {name!r}: write relu, max2, avg2, max3s2, max3s2:same or max3s2:ceil"
        )
    size, ceil = int(found["size"]), found["padding"] == "ceil"
    padding = read_padding(found["padding"] or "valid") if not ceil else "valid"
    window = Window(size, int(found["stride"] or size), padding=padding, ceil=ceil)
    window.amounts(size)  # refuses a padding that is none
    return Step(name, window)


def read_padding(text: str) -> Padding:
    """A padding from text: a name, pixels per side, or ``before,after``.

    >>> read_padding("same"), read_padding("2"), read_padding("1,2")
    ('same', 2, (1, 2))
    """
    numbers = [int(part) for part in text.split(",") if part.strip().isdigit()]
    if len(numbers) != text.count(",") + 1 or len(numbers) > 2:
        return text
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def read_position(text: str) -> tuple[int, int]:
    """Row and column from ``Y,X``; raises BadSpec."""
    found = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s*", text)
    if not found:
        raise BadSpec(f"cannot read position {text!r}: write Y,X, row and column from 0, for example 10,57")
    return int(found[1]), int(found[2])
