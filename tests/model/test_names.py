"""Names of calls: a module's own name belongs to it alone, and no two calls share one."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.model.names import unique_names
from convscope.model.tape import record

IMAGE = torch.zeros(1, 3, 8, 8)


def names(module: nn.Module) -> list[str]:
    return [call.name for call in record(module, IMAGE).calls]


class Clash(nn.Module):
    """Children called like operations, beside the operations themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.relu, self.add = nn.ReLU(), nn.Conv2d(3, 3, 1)
        self.register_module("relu#2", nn.Tanh())
        self.register_module("mul()", nn.Identity())
        self.mul = nn.Sequential(nn.Sigmoid())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.relu(x) + self.add(x))
        x = self.get_submodule("relu#2")(self.relu(x))
        return functional.relu(self.mul(x) * 2)


def test_a_function_never_bears_the_name_of_a_module() -> None:
    assert names(Clash()) == [
        "relu", "add", "add()", "relu()", "relu#3", "relu#2", "mul.0", "mul()()", "relu()#2",
    ]  # fmt: skip


def test_shared_modules_bear_the_first_path_and_a_number() -> None:
    relu = nn.ReLU()
    shared = nn.Sequential(nn.Conv2d(3, 3, 1), relu)
    assert names(nn.Sequential(shared, nn.Sequential(shared, relu))) == [
        "0.0", "0.1", "0.0#2", "0.1#2", "0.1#3",
    ]  # fmt: skip


def test_a_part_that_is_not_called_leaves_the_function_to_its_parent() -> None:
    class Direct(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)
            self.scales = nn.ParameterList([nn.Parameter(torch.ones(1))])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = functional.conv2d(x, self.conv.weight) * self.scales[0]
            return self.conv.forward(x)

    assert names(Direct()) == ["conv2d", "mul", "conv2d#2"]


def test_a_part_that_fails_and_is_survived_does_not_lend_its_name() -> None:
    class Survives(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.small = nn.Conv2d(3, 3, 99)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            try:
                return self.small(x)
            except RuntimeError:
                return torch.relu(x)

    assert names(Survives()) == ["relu"]


@pytest.mark.parametrize("paths", [{""}, {"", "a", "a#2", "a()"}, {"", "b", "b#2", "b#3", "b()", "b()()"}])
def test_names_are_unique_whatever_modules_are_called(paths: set[str]) -> None:
    calls = [("", operation, False) for operation in "aabbab"]
    calls += [(path, "x", own) for path in sorted(paths - {""}) for own in (True, True, False)]
    found = unique_names(calls, paths)
    assert len(set(found)) == len(found)
    owners = {name: path for name, (path, _, own) in zip(found, calls, strict=True) if own}
    assert all(owners.get(name, name) == name for name in found if name in paths)
