"""What the caller of ``open_model`` says beside the network, and how it joins with what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from convscope.errors import BadModel
from convscope.nets.preprocessing import Preprocessing, read_classes
from convscope.plain.fit import Fit

InputSize = int | tuple[int, ...] | Fit
PerChannel = float | Sequence[float]
Classes = int | str | Path | Sequence[str]
UNSCALED = "mean and std are not known: pictures of 0 to 255 are refused until mean= and std= are given."


@dataclass(frozen=True)
class Asked:
    """What the caller of ``open_model`` said, beside the network itself."""

    input_size: InputSize | None = None
    mean: PerChannel | None = None
    std: PerChannel | None = None
    classes: Classes | None = None
    weights: str | Path | None = None
    output: str | int | None = None
    seed: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The class names that were given; a text is the file that lists them."""
        if isinstance(self.classes, str | Path):
            return read_classes(self.classes)
        return () if self.classes is None or isinstance(self.classes, int) else tuple(self.classes)

    @property
    def count(self) -> int:
        """How many classes were asked for, 0 where none."""
        return self.classes if isinstance(self.classes, int) else len(self.names)


def fit_of(module: nn.Module, known: Preprocessing, asked: Asked) -> Fit:
    """The geometry that was asked for, else the known one; a known crop keeps its share at another size."""
    if isinstance(asked.input_size, Fit):
        return asked.input_size
    taken = first_channels(module, known.fit.channels if known.fit else 3)
    if asked.input_size is None and known.fit is not None:
        return replace(known.fit, channels=taken)
    channels, height, width = sizes(asked.input_size, known, taken)
    if min(channels, height, width) < 1:
        raise BadModel(
            f"input_size is {asked.input_size!r}: give 64, (64, 48) or (3, 64, 48), all of 1 or more"
        )
    if known.fit is None or known.fit.resize is None:
        return Fit(height, width, channels=channels)
    resize = round(known.fit.resize * min(height, width) / min(known.fit.height, known.fit.width))
    return replace(known.fit, height=height, width=width, channels=channels, resize=resize)


def normalisation(
    known: Preprocessing, asked: Asked, channels: int
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
    """(mean, std, notes): asked, else known for as many channels, else empty, and then said.

    Raises BadModel where only one of the two is there.
    """
    mean = _per_channel(asked.mean, known.mean, channels)
    std = _per_channel(asked.std, known.std, channels)
    if bool(mean) != bool(std):
        given, other = ("mean", "std") if mean else ("std", "mean")
        raise BadModel(f"{given}= was given without {other}=: give both, for pixels in 0 to 1")
    return mean, std, () if mean else (UNSCALED,)


def _per_channel(asked: PerChannel | None, known: tuple[float, ...], channels: int) -> tuple[float, ...]:
    if asked is None:
        return known if len(known) == channels else ()
    return tuple(map(float, asked)) if isinstance(asked, Sequence) else (float(asked),) * channels


def sizes(input_size: InputSize | None, known: Preprocessing, channels: int = 3) -> tuple[int, int, int]:
    """(channels, height, width) of what was asked, else of what is known, else 224."""
    if input_size is None:
        side = known.fit
        return (channels, side.height, side.width) if side else (channels, 224, 224)
    if isinstance(input_size, Fit):
        return input_size.channels, input_size.height, input_size.width
    if isinstance(input_size, int):
        return channels, input_size, input_size
    if len(input_size) == 2:
        return channels, input_size[0], input_size[1]
    if len(input_size) == 3:
        return input_size[0], input_size[1], input_size[2]
    raise BadModel(f"input_size is {input_size!r}: give 64, (64, 48) or (3, 64, 48)")


def first_channels(module: nn.Module, default: int) -> int:
    """Input channels of the first convolution, or ``default`` where none stands at the input."""
    about = getattr(module, "pretrained_cfg", None) or {}
    if not about.get("first_conv", True):  # timm's word for networks that begin with something else
        return default
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            return layer.in_channels
    return default
