"""What a stage is called and what is done in it, in the words of a textbook."""

from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from math import prod

from convscope.model.operations import CONVOLUTIONS, MAX_POOLS, NORMALISATIONS, SUMS, TRANSPOSED
from convscope.model.region import pair
from convscope.model.tape import Call, Ref

ACTIVATIONS = {
    "relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "leaky ReLU", "prelu": "PReLU", "elu": "ELU",
    "selu": "SELU", "celu": "CELU", "silu": "SiLU", "gelu": "GELU", "hardswish": "hard swish", "mish": "Mish",
    "softplus": "softplus", "tanh": "tanh", "sigmoid": "sigmoid", "hardsigmoid": "hard sigmoid",
}  # fmt: skip
NORMS = {"local_response_norm": "local response norm", "rms_norm": "RMS norm"}
GATES = {"sigmoid", "hardsigmoid"}
WEIGHTED = CONVOLUTIONS | TRANSPOSED
FEW = 3  # kernels that are named one by one


@dataclass(frozen=True)
class Passage:
    """The way from one stage to the next: its shown calls, all its calls, the spine, and the whole path."""

    shown: tuple[Call, ...]
    inside: tuple[Call, ...]
    spine: frozenset[int]
    path: tuple[Call, ...]

    @property
    def convolutions(self) -> list[Call]:
        return [call for call in self.inside if call.operation in WEIGHTED]

    @property
    def weighted(self) -> list[Call]:
        """Convolutions and linear layers."""
        return [call for call in self.inside if call.operation in WEIGHTED | {"linear"}]

    def name(self, depth: int) -> str:
        """The module that holds all of it, else the first and the last one of that depth."""
        end, roots = self.shown[-1], self.weighted
        if not roots:
            return end.name
        if whole := self._whole(common_module([roots[0].module, end.module])):
            return whole
        if len(self.shown) == 1 and len(roots) == 1:
            return roots[0].name
        modules = [".".join(path.split(".")[:depth]) for path in (self.inside[0].module, end.module) if path]
        if not modules:
            return end.name
        shared = common_module(modules)
        rest = modules[-1].removeprefix(shared).lstrip(".")
        return modules[0] if len(set(modules)) == 1 else f"{modules[0]} … {rest}"

    def _whole(self, module: str) -> str:
        """The module, if it is called here and nowhere else."""
        here = {call.index for call in self.inside}
        calls = [call.index for call in self.path if f"{call.module}.".startswith(f"{module}.")]
        return module if module and here.issuperset(calls) else ""

    def folded(self, depth: int) -> str:
        """How many blocks or layers one picture stands for: ``4 blocks``; empty for one."""
        units = {_unit(call.module, depth) for call in self.shown}
        outer = {tuple(call.module.split(".")[:depth]) for call in self.shown}
        count = len(units) if len(outer) == 1 else len(outer)
        return "" if count < 2 else f"{count} {'blocks' if len(self.weighted) > count else 'layers'}"


def _unit(module: str, depth: int) -> tuple[str, ...]:
    """The block that a module is or lies in: up to the first number below ``depth``, else one part below."""
    parts = tuple(module.split("."))
    numbered = next((i for i, part in enumerate(parts) if i >= depth and part.isdigit()), depth)
    return parts[: numbered + 1]


def common_module(modules: list[str]) -> str:
    """The innermost module that holds all of them.

    >>> common_module(["layer2.0.conv1", "layer2.3.relu"])
    'layer2'
    """
    levels = zip(*(module.split(".") for module in modules), strict=False)
    return ".".join(parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, levels))


def words_of(passage: Passage) -> tuple[str, ...]:
    """One line an operation, in running order; many convolutions become one line.

    >>> words_of(passage)  # doctest: +SKIP
    ('3×3 max-pool, stride 2', '4 × 3×3 conv', 'batch norm', 'ReLU', '2 skip sums')
    """
    convolutions = passage.convolutions
    lines: dict[str, None] = {}
    for call in passage.inside:
        if call.operation not in WEIGHTED:
            line = _word(call, on_spine=call.index in passage.spine)
        elif len(convolutions) == 1:
            line = _one_convolution(call)
        else:
            line = _convolutions(convolutions)
        if line:
            lines[line] = None
    return (*lines, *_joins(passage.inside))


def _convolutions(calls: list[Call]) -> str:
    kernels = list(Counter(_kernel(call) for call in calls))
    if len(kernels) == 1:
        return f"{len(calls)} × {kernels[0]} conv"
    return f"{len(calls)} conv ({', '.join(kernels[:FEW])}{', …' * (len(kernels) > FEW)})"


def _joins(calls: tuple[Call, ...]) -> list[str]:
    """How many shortcuts are added, branches put together, and channels weighted by a gate."""
    maps = [call for call in calls if len(set(call.inputs)) > 1 and len(call.shape) == 4]
    counts = {
        "skip sum": sum(call.operation in SUMS for call in maps),
        "concatenation": sum(call.operation == "cat" for call in maps),
        "channel gate": sum(call.operation == "mul" for call in maps),
    }
    return [f"{count} {word}s" if count > 1 else word for word, count in counts.items() if count]


def _word(call: Call, *, on_spine: bool) -> str:
    """One operation; empty for what needs no word: joins are counted, dropout rests in evaluation."""
    name = call.operation
    if name == "linear":
        return "fully connected" if len(call.shape) == 2 else "1×1 conv (linear)"
    if name in ACTIVATIONS:
        return "" if name in GATES and not on_spine else ACTIVATIONS[name]
    if name == "hardtanh":
        return "ReLU6" if call.arguments.get("min_val") == 0 else "hard tanh"
    if name in NORMALISATIONS:
        return NORMS.get(name, name.replace("_", " "))
    source = call.arguments.get("input")
    if not on_spine or not isinstance(source, Ref) or len(source.shape) != 4:
        return ""
    if name in ("flatten", "view", "reshape"):
        return "flatten" if prod(source.shape[2:]) > 1 and len(call.shape) == 2 else ""
    return _pooling(call, source.shape[2:])


def _one_convolution(call: Call) -> str:
    groups, channels = call.arguments.get("groups", 1), call.shape[1]
    kind = "transposed conv" if call.operation in TRANSPOSED else "conv"
    if groups == channels > 1:
        kind = "depthwise conv"
    words = [f"{_kernel(call)} {kind}"]
    for setting in ("stride", "dilation"):
        if (amount := pair(call.arguments.get(setting), 1)) != (1, 1):
            words.append(f"{setting} {_once(amount)}")
    if 1 < groups < channels:
        words.append(f"{groups} groups")
    return ", ".join(words)


def _kernel(call: Call) -> str:
    weight = call.arguments.get("weight")
    return _times(weight.shape[2:]) if isinstance(weight, Ref) else ""


def _times(numbers: tuple[int, ...]) -> str:
    return "×".join(map(str, numbers))


def _once(numbers: tuple[int, int]) -> str:
    """Both numbers, or one where they agree."""
    return str(numbers[0]) if numbers[0] == numbers[1] else _times(numbers)


def _pooling(call: Call, before: tuple[int, ...]) -> str:
    """Pooling over the image axes of a map of ``before`` (height, width); empty for anything else."""
    kind = "max-pool" if call.operation in MAX_POOLS | {"amax"} else "average-pool"
    if call.operation in ("mean", "amax", "adaptive_avg_pool2d", "adaptive_max_pool2d"):
        after = call.shape[2:] if len(call.shape) == 4 else (1, 1)
        if prod(after) == 1:
            return f"global {kind}"
        return "" if after == before else f"{kind} to {_times(after)}"
    if call.operation not in ("avg_pool2d", "max_pool2d", "max_pool2d_with_indices", "lp_pool2d"):
        return ""
    kernel = pair(call.arguments.get("kernel_size"))
    stride = pair(call.arguments.get("stride"), kernel)
    if kernel == before:
        return f"global {kind}"
    return f"{_times(kernel)} {kind}" + ("" if stride == kernel else f", stride {_once(stride)}")
