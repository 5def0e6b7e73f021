"""Random small networks: fields equal the probe, names are unique, outputs are the network's own, no rectifier hides."""

from collections.abc import Callable

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nan_probe import poisoned
from torch import Tensor, nn
from torch.nn import functional

from convscope.model.model import Model
from convscope.plain.fit import Fit

WIDTH = 4  # channels everywhere, so that any two maps of a size can meet


class Step(nn.Module):
    """One drawn step; ``with_`` is an earlier map to meet, or -1."""

    def __init__(self, kind: str, numbers: tuple[int, int, int, int], with_: int) -> None:
        super().__init__()
        self.kind, self.numbers, self.with_ = kind, numbers, with_
        kernel, stride, dilation, padding = numbers
        if kind in ("conv", "grouped"):
            groups = 2 if kind == "grouped" else 1
            self.conv = nn.Conv2d(WIDTH, WIDTH, kernel, stride, padding, dilation, groups)
        if kind == "up":
            self.up = nn.ConvTranspose2d(WIDTH, WIDTH, kernel, stride, min(padding, kernel - 1))

    def forward(self, x: Tensor, earlier: list[Tensor]) -> Tensor:
        kernel, stride, _, padding = self.numbers
        match self.kind:
            case "conv" | "grouped":
                return self.conv(x)
            case "up":
                return self.up(x)
            case "max":
                return functional.max_pool2d(
                    x, kernel, stride, min(padding, kernel // 2), ceil_mode=bool(stride % 2)
                )
            case "average":
                return functional.avg_pool2d(
                    x, kernel, stride, min(padding, kernel // 2), ceil_mode=bool(kernel % 2)
                )
            case "nearest" | "bilinear":
                return functional.interpolate(
                    x, size=(kernel + x.shape[2], stride + x.shape[3]), mode=self.kind
                )
            case "adaptive":
                return functional.adaptive_avg_pool2d(
                    x, (min(kernel + 1, x.shape[2]), min(stride + 2, x.shape[3]))
                )
            case "pad":
                return functional.pad(x, (padding, kernel - 1, 0, stride))
            case "slice":
                return x[:, :, padding:, ::stride]
        return self.meet(x, earlier)

    def meet(self, x: Tensor, earlier: list[Tensor]) -> Tensor:
        other = earlier[self.with_ % len(earlier)]
        rows, columns = min(x.shape[2], other.shape[2]), min(x.shape[3], other.shape[3])
        x, other = x[:, :, :rows, :columns], other[:, :, :rows, :columns]
        return x + other if self.kind == "add" else torch.cat([x[:, :2], other[:, 2:]], 1)


class Drawn(nn.Module):
    """Drawn steps, each followed by a rectifier written in one of many ways; some steps are used twice."""

    def __init__(self, steps: list[Step], rectifiers: list[str], again: list[int]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.steps = nn.ModuleList(steps)
        self.relu, self.rectifiers, self.again = nn.ReLU(inplace=True), rectifiers, again

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.stem(x)]
        order = [*range(len(self.steps)), *(place % len(self.steps) for place in self.again)]
        for place in order:
            before = maps[-1]
            after = self.steps[place](before, maps)
            if min(after.shape[2:]) < 3 or max(after.shape[2:]) > 40:
                continue
            maps.append(self.rectified(after, self.rectifiers[place]))
        return maps[-1].flatten(1)

    def rectified(self, x: Tensor, how: str) -> Tensor:
        ways: dict[str, Callable[[Tensor], Tensor]] = {
            "module": lambda x: self.relu(x * 1),
            "function": functional.relu,
            "in place": lambda x: (x * 1).relu_(),
            "relu6": functional.relu6,
            "none": lambda x: x * 0.5,
        }
        return ways[how](x)


KINDS = (
    "conv",
    "grouped",
    "up",
    "max",
    "average",
    "nearest",
    "bilinear",
    "adaptive",
    "pad",
    "slice",
    "add",
    "cat",
)
numbers = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2))
steps = st.builds(Step, st.sampled_from(KINDS), numbers, st.integers(0, 9))


@st.composite
def networks(draw) -> Drawn:
    drawn = draw(st.lists(steps, min_size=1, max_size=6))
    ways = st.sampled_from(("module", "function", "in place", "relu6", "none"))
    rectifiers = draw(st.lists(ways, min_size=len(drawn), max_size=len(drawn)))
    return Drawn(drawn, rectifiers, draw(st.lists(st.integers(0, 5), max_size=2)))


def fits(network: nn.Module, height: int, width: int) -> bool:
    """Some drawn steps do not fit their map, as a kernel that is larger."""
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, height, width))
    except RuntimeError:
        return False
    return True


@settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(networks(), st.integers(9, 16), st.integers(9, 16))
def test_random_networks(network: Drawn, height: int, width: int) -> None:
    if not fits(network, height, width):
        return
    seen: list[Tensor] = []
    network.register_forward_hook(lambda part, given, made: seen.append(made.clone()))
    model = Model(network.train(), fit=Fit(height, width), mean=(0.0,) * 3, std=(1.0,) * 3)
    record, layers = model.record, model.layers
    with torch.no_grad():
        network(torch.zeros(1, 3, height, width))
    assert torch.equal(seen[0], seen[1])
    names = [call.name for call in record.calls]
    assert len(set(names)) == len(names)
    assert record.rectifiers == record.witnessed
    assert network.training
    maps = [name for name, layer in layers.items() if len(layer.shape) == 3]
    assert all(layers[name].field.exact for name in maps)
    for axis, which in ((0, "rows"), (1, "columns")):
        for name, reached in poisoned(model, maps, axis).items():
            intervals = getattr(layers[name].field, which)
            assert len(intervals) == len(reached), (name, which)
            for pixels, interval in zip(reached, intervals, strict=True):
                hits = pixels.nonzero()[0]
                assert ((hits[0], hits[-1] + 1) if len(hits) else (0, 0)) == tuple(interval), (name, which)
