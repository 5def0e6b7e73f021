"""What a network of the literature is: a spec or a way to make it, the input it was made for, its source."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from convscope.errors import BadModel

Size = tuple[int, int, int]  # channels, height, width


@dataclass(frozen=True)
class Net:
    """A network by name; ``input`` and ``classes`` are those of its paper, and stand where none are asked for.

    ``spec`` is its text, or gives it for (height, width); without one ``make`` builds it for (classes,
    channels). A ``rigid`` network is defined for its own input only.
    """

    source: str
    input: Size
    classes: int
    spec: str | Callable[[int, int], str] | None = None
    make: Callable[[int, int], nn.Module] | None = None
    rigid: bool = False

    def spec_for(self, height: int, width: int) -> str | None:
        """The spec at an input size; None where the network is no plain stack."""
        return self.spec(height, width) if callable(self.spec) else self.spec

    def check(self, name: str, size: Size) -> None:
        """Raises BadModel where a rigid network is asked for at another size."""
        if self.rigid and size != self.input:
            own, asked = ("x".join(map(str, one)) for one in (self.input, size))
            raise BadModel(
                f"{name} is defined for an input of {own} only, not for {asked}: leave the input size out, or "
                f"give --imgsz {self.input[1]} and pictures of {self.input[0]} channel{'s' * (self.input[0] != 1)}"
            )
