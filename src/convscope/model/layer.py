"""One call in the forward pass that yields a feature map."""

from dataclasses import dataclass

from convscope.plain.field import Field


@dataclass(frozen=True, eq=False)
class Layer:
    """A call by name: ``shape`` is the output without the batch, ``(C, H, W)`` or ``(C,)`` for a vector.

    ``chain`` names the calls that end here (``conv1``, ``bn1``, ``relu1``). ``axis`` is the dimension of
    the tensor that counts channels; it is 1 but in channels-last networks.
    """

    name: str
    index: int
    operation: str
    shape: tuple[int, ...]
    axis: int
    field: Field
    chain: tuple[str, ...]
    kernel: str

    @property
    def channels(self) -> int:
        return self.shape[0]

    @property
    def height(self) -> int:
        return self.shape[1] if len(self.shape) == 3 else 1

    @property
    def width(self) -> int:
        return self.shape[2] if len(self.shape) == 3 else 1
