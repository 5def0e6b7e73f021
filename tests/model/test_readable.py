"""Networks that cannot be read are refused before they run, with the step that makes them readable."""

import copy
import threading
import warnings

import pytest
import torch
from torch import nn

from convscope.errors import BadModel
from convscope.model.model import Model
from convscope.model.tape import record
from convscope.nets.open import open_model
from convscope.plain.fit import Fit

IMAGE = torch.rand(1, 3, 8, 8)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))


def inside(part: nn.Module) -> nn.Module:
    return nn.Sequential(part, nn.Flatten())


def compiled_in_place() -> nn.Module:
    module = network()
    module.compile(backend="eager")
    return module


def traced() -> nn.Module:
    with warnings.catch_warnings(action="ignore"):  # they are on their way out of torch
        return torch.jit.trace(network().eval(), IMAGE)


def quantised() -> nn.Module:
    return nn.Sequential(torch.ao.nn.quantized.ReLU6(), nn.Flatten())


REFUSED = {
    "traced": (traced, "is scripted or traced, .*open the module it was made from"),
    "quantised": (quantised, "0 is quantised, .*before convert or quantize_dynamic"),
    "compiled part": (
        lambda: inside(torch.compile(network()[:2], backend="eager")),
        "0 is wrapped in OptimizedModule, .*put the network inside it in its place",
    ),
    "compiled in place": (compiled_in_place, "Sequential was compiled in place, .*before .compile"),
    "data-parallel part": (lambda: inside(nn.DataParallel(nn.ReLU())), "0 is wrapped in DataParallel"),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(2, 3)), "weight 0.weight has no shape yet .*run the network once"),
    "meta": (lambda: network().to("meta"), "weight 0.weight is on the meta device, .*to_empty"),
    "half": (lambda: network().half(), r"weight 0.weight is float16, .*copy.deepcopy\(model\).float\(\)"),
    "bfloat16": (lambda: network().bfloat16(), "weight 0.weight is bfloat16"),
    "double": (lambda: network().double(), "weight 0.weight is float64"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Lazy modules")
@pytest.mark.parametrize("case", REFUSED)
def test_the_step_is_named(case: str) -> None:
    make, message = REFUSED[case]
    with pytest.raises(BadModel, match=message):
        _ = open_model(make(), input_size=8).layers


WRAPPERS = {
    "compiled": lambda module: torch.compile(module, backend="eager"),
    "data-parallel": nn.DataParallel,
    "both": lambda module: nn.DataParallel(torch.compile(module, backend="eager")),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_wrappers_are_taken_off_with_a_note(wrapper: str) -> None:
    plain = network()
    wrapped = WRAPPERS[wrapper](plain)
    model = open_model(wrapped, input_size=8)
    assert model.module is plain
    assert list(model.layers) == list(open_model(plain, input_size=8).layers)
    assert model.name == "Sequential"
    assert any(f"inside {type(wrapped).__name__}" in note for note in model.notes)
    assert "OptimizedModule" in type(torch.compile(plain, backend="eager")).__name__


def test_exported_programs_are_read_like_the_network_they_came_from() -> None:
    plain = network().eval()
    exported = torch.export.export(plain, (IMAGE,)).module()
    found, own = record(exported, IMAGE), record(plain, IMAGE)
    assert [call.operation for call in found.calls] == [call.operation for call in own.calls]
    assert found.rectifiers == found.witnessed == 1


def test_the_users_hooks_run_and_stay() -> None:
    module, seen = network(), []
    module[1].register_forward_hook(lambda part, given, made: seen.append(made.shape))
    model = Model(module, fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3)
    assert list(model.layers) == ["0", "1", "2", "3"]
    assert seen == [(1, 4, 6, 6)]
    assert len(module[1]._forward_hooks) == 1


def test_other_threads_running_the_same_network_do_not_disturb() -> None:
    module = network().eval()
    alone = [call.name for call in record(module, IMAGE).calls]
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            module(IMAGE)

    other = threading.Thread(target=run)
    other.start()
    try:
        for _ in range(20):
            found = record(module, IMAGE)
            assert [call.name for call in found.calls] == alone
            assert found.witnessed == 1
    finally:
        stop.set()
        other.join()


def test_a_forward_that_asks_for_gradients_says_what_to_do() -> None:
    class Energy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = x.clone().requires_grad_()
            return torch.autograd.grad((x**2).sum(), x)[0].flatten(1)

    with pytest.raises(BadModel, match=r"forward fails on an input of 1 x 3 x 8 x 8: .*torch\.enable_grad"):
        record(Energy(), IMAGE)


def test_a_forward_without_gradients_is_read_and_its_projection_refused() -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = network()

        @torch.no_grad()
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)

    from convscope.model.projection import project
    from convscope.model.validity import judge

    model = Model(Frozen(), fit=Fit(8, 8), mean=(0.0,) * 3, std=(1.0,) * 3)
    seen = project(model, IMAGE, "net.0", torch.tensor([0]))
    assert judge(model, model.layers["net.0"], seen.descent, "deconvnet").label == "refused"
    assert copy.deepcopy(model.module).net[0].weight.requires_grad
