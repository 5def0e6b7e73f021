"""A window that slides along one axis: its settings said once, its arithmetic asked of it."""

from dataclasses import dataclass

from convscope.arithmetic import convolution, promises
from convscope.arithmetic.convolution import Padding
from convscope.errors import BadSpec


@dataclass(frozen=True)
class Window:
    """Kernel, stride, dilation and padding along one axis of a convolution or pool; raises BadSpec.

    >>> Window(3, stride=2, padding="same").formula(224)
    'floor((224 + 0 + 1 - 3) / 2) + 1 = 112'
    """

    kernel: int = 1
    stride: int = 1
    dilation: int = 1
    padding: Padding = "valid"
    ceil: bool = False

    def __post_init__(self) -> None:
        for name in ("kernel", "stride", "dilation"):
            if (number := getattr(self, name)) < 1:
                raise BadSpec(f"{name} is {number}: it starts at 1")

    @property
    def _settings(self) -> tuple[int, int, int, Padding]:
        return self.kernel, self.stride, self.dilation, self.padding

    @property
    def reach(self) -> int:
        return convolution.reach(self.kernel, self.dilation)

    def amounts(self, n: int) -> tuple[int, int]:
        return convolution.padding_amounts(n, *self._settings)

    def outputs(self, n: int) -> int:
        return convolution.output_size(n, *self._settings, ceil=self.ceil)

    def formula(self, n: int) -> str:
        return convolution.size_formula(n, *self._settings, ceil=self.ceil)

    def visits(self, n: int) -> tuple[int, ...]:
        return convolution.visits(n, *self._settings, ceil=self.ceil)

    def dropped(self, n: int) -> int:
        return convolution.dropped(n, *self._settings, ceil=self.ceil)

    def promises(self, n: int) -> tuple[str, ...]:
        return promises.broken_promises(n, *self._settings)

    def start(self, position: int, n: int) -> int:
        """The first input that a position reads; negative in the padding before."""
        return position * self.stride - self.amounts(n)[0]

    def readers(self, at: int, n: int) -> range:
        """The positions whose span covers input ``at``."""
        before = self.amounts(n)[0]
        first = max(-(-(at + before - self.reach + 1) // self.stride), 0)
        return range(first, min((at + before) // self.stride + 1, self.outputs(n)))
