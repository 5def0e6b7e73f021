"""What a signal at the output of an operation sends to its inputs, by the deconvnet's rule.

Convolutions are transposed, rectifiers clip the signal itself, max-pools follow their switches. Each operation
knows two cases: the signal covers the whole map, padding and all, or a window of it, whose padding the window
already holds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.model.crop import pad_before, window_of
from convscope.model.operations import SMOOTH
from convscope.model.tape import Call, Ref

FEW = 4  # channels: a strided convolution that takes so few is slow to transpose, and quick as one of all phases


@dataclass(frozen=True)
class Step:
    """One operation met on the way down: ``size`` is the shape of what its inputs get, without the batch.

    ``switches`` are those of a max-pool, ``[N, C, h, w]``, each a place in the rows of ``size`` one after another.
    """

    call: Call
    module: nn.Module
    size: tuple[int, ...]
    windowed: bool
    switches: Tensor | None = None

    def weight(self) -> Tensor | None:
        """As it is now, not as it was when the pass was recorded."""
        reference = self.call.arguments.get("weight")
        return self.module.get_parameter(reference.weight) if isinstance(reference, Ref) else None


Adjoint = Callable[[Step, Tensor], list[Tensor]]


def convolution(step: Step, signal: Tensor) -> list[Tensor]:
    """The transposed filters, without bias."""
    weight, arguments = step.weight(), step.call.arguments
    assert weight is not None
    windows = [window_of(step.call, axis) for axis in (0, 1)]
    stride, dilation = (windows[0][1], windows[1][1]), (windows[0][2], windows[1][2])
    before = (0, 0) if step.windowed else (windows[0][3], windows[1][3])
    groups = arguments.get("groups", 1)
    if weight.shape[1] <= FEW and stride[0] == stride[1] > 1 and dilation == (1, 1) and groups == 1:
        return [_cut(_by_phases(signal, weight, stride[0]), before, step.size)]
    over = [
        step.size[1 + axis] + 2 * before[axis] - (signal.shape[2 + axis] - 1) * stride[axis]
        - dilation[axis] * (weight.shape[2 + axis] - 1) - 1
        for axis in (0, 1)
    ]  # fmt: skip
    if all(0 <= over[axis] < max(stride[axis], dilation[axis]) for axis in (0, 1)):
        return [functional.conv_transpose2d(signal, weight, None, stride, before, over, groups, dilation)]
    whole = functional.conv_transpose2d(signal, weight, None, stride, 0, 0, groups, dilation)
    return [_cut(whole, before, step.size)]  # padding that differs before and after


def _by_phases(signal: Tensor, weight: Tensor, stride: int) -> Tensor:
    """A strided transposed convolution without padding, as a plain one whose channels are the strides' phases."""
    outputs, inputs, *kernel = weight.shape
    taps = [-(-size // stride) for size in kernel]
    padded = functional.pad(weight, (0, taps[1] * stride - kernel[1], 0, taps[0] * stride - kernel[0])).view(
        outputs, inputs, taps[0], stride, taps[1], stride
    )
    phases = padded.permute(1, 3, 5, 0, 2, 4).flip(4, 5).reshape(-1, outputs, *taps)
    around = taps[0] - 1, taps[1] - 1
    return functional.pixel_shuffle(functional.conv2d(signal, phases, padding=around), stride)


def _cut(maps: Tensor, before: tuple[int, int], size: tuple[int, ...]) -> Tensor:
    """The part of ``maps`` that begins at ``before``, of ``size``; zero where there is none."""
    after = [size[1 + axis] + before[axis] - maps.shape[2 + axis] for axis in (0, 1)]
    return functional.pad(maps, (-before[1], after[1], -before[0], after[0]))


def linear(step: Step, signal: Tensor) -> list[Tensor]:
    weight = step.weight()
    assert weight is not None
    return [signal @ weight]


def batch_norm(step: Step, signal: Tensor) -> list[Tensor]:
    """With the statistics of training: a factor for each channel."""
    arguments, weight = step.call.arguments, step.weight()
    variance = step.module.get_submodule(step.call.module).get_buffer("running_var")
    factor = (variance + arguments["eps"]).rsqrt()
    factor = factor if weight is None else factor * weight
    return [signal * factor.view(-1, *[1] * (signal.dim() - 2))]


def rectifier(step: Step, signal: Tensor) -> list[Tensor]:
    return [signal.clamp(min=0)]


def unchanged(step: Step, signal: Tensor) -> list[Tensor]:
    return [signal] * len(step.call.inputs)


def concatenation(step: Step, signal: Tensor) -> list[Tensor]:
    tensors = step.call.arguments["tensors"]
    parts = signal.split([part.shape[1] for part in tensors], 1)
    return [part for part, reference in zip(parts, tensors, strict=True) if reference.value is not None]


def max_pool(step: Step, signal: Tensor) -> list[Tensor]:
    """Each value goes to where its window's maximum was; what meets there adds up."""
    assert step.switches is not None
    channels, height, width = step.size
    maps = signal.new_zeros(len(signal), channels, height * width)
    return [maps.scatter_add_(2, step.switches.flatten(2), signal.flatten(2)).view(-1, *step.size)]


def padding(step: Step, signal: Tensor) -> list[Tensor]:
    """Padding gets none of it; a window's place says already what lies in the padding."""
    before = pad_before(step.call)
    return [signal if step.windowed or before is None else _cut(signal, before, step.size)]


def reshaped(step: Step, signal: Tensor) -> list[Tensor]:
    return [signal.reshape(-1, *step.size)]


def average(step: Step, signal: Tensor) -> list[Tensor]:
    """The adjoint of averages, whose value does not matter: that of their gradient anywhere."""
    named = {name: value for name, value in step.call.arguments.items() if name != "input"}
    named |= {"padding": 0, "ceil_mode": False} if step.windowed else {}
    anywhere = signal.new_zeros(len(signal), *step.size).requires_grad_()
    with torch.enable_grad():
        made = AVERAGES[step.call.operation](anywhere, **named)
        return list(torch.autograd.grad(made, anywhere, signal))


AVERAGES: dict[str, Callable[..., Tensor]] = {
    "avg_pool2d": functional.avg_pool2d,
    "adaptive_avg_pool2d": functional.adaptive_avg_pool2d,
    "mean": torch.mean,
}
SHAPES = ("flatten", "view", "reshape")
SAME = ("dropout", "dropout2d", "feature_dropout", "contiguous", "clone", "identity", "local_response_norm")
RECTIFYING = ("relu", "relu6", "hardtanh", *sorted(SMOOTH))
ADJOINTS: dict[str, Adjoint] = {
    "conv2d": convolution,
    "linear": linear,
    "batch_norm": batch_norm,
    "add": unchanged,
    "cat": concatenation,
    "max_pool2d": max_pool,
    "pad": padding,
    **dict.fromkeys(RECTIFYING, rectifier),
    **dict.fromkeys(SAME, unchanged),
    **dict.fromkeys(SHAPES, reshaped),
    **dict.fromkeys(AVERAGES, average),
}
# what is done with a whole map or not at all: switches were recorded on it, or there is no window
WHOLE_ONLY = {"max_pool2d", "adaptive_avg_pool2d", "mean", "linear", *SHAPES}
