"""The tape sees every operation, and leaves no trace."""

import copy

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional
from torch.nn.modules import module as torch_module

from convscope.errors import BadModel
from convscope.model.tape import record

# counted by hand in the papers' figures and by an operation-level spike; see docs
RECTIFIERS = {"vgg11": 10, "resnet18": 17, "densenet121": 121, "googlenet": 57, "mobilenet_v2": 35}


def build(name: str) -> nn.Module:
    return getattr(torchvision.models, name)(
        weights=None, **({"init_weights": False} if name == "googlenet" else {})
    )


@pytest.mark.parametrize("name", RECTIFIERS)
def test_all_rectifiers_are_recorded_and_the_witness_agrees(name: str) -> None:
    found = record(build(name), torch.zeros(1, 3, 64, 64))
    assert found.rectifiers == found.witnessed == RECTIFIERS[name]


def test_names_are_paths_and_the_second_call_is_numbered() -> None:
    names = [call.name for call in record(build("resnet18"), torch.zeros(1, 3, 64, 64)).calls]
    assert names[:4] == ["conv1", "bn1", "relu", "maxpool"]
    assert names[4:11] == [
        "layer1.0.conv1", "layer1.0.bn1", "layer1.0.relu", "layer1.0.conv2", "layer1.0.bn2", "layer1.0.add",
        "layer1.0.relu#2",
    ]  # fmt: skip
    assert len(set(names)) == len(names)


class Fails(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.drop = nn.Conv2d(3, 2, 3), nn.Dropout()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(self.conv(x), torch.zeros(1, 1))


@pytest.mark.parametrize("broken", [False, True])
def test_nothing_of_the_module_is_changed(broken: bool) -> None:
    module = (
        Fails() if broken else nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True))
    )
    module.train()
    module[0].eval() if not broken else None
    before = copy.deepcopy(module.state_dict()), [part.training for part in module.modules()]
    example = torch.randn(2, 3, 8, 8)
    original = example.clone()
    if broken:
        with pytest.raises(BadModel, match="forward fails on an input of 2 x 3 x 8 x 8"):
            record(module, example)
    else:
        record(module, example)
    assert [part.training for part in module.modules()] == before[1]
    assert all(torch.equal(tensor, before[0][name]) for name, tensor in module.state_dict().items())
    assert torch.equal(example, original)
    assert not torch_module._global_forward_hooks
    assert not torch_module._global_forward_pre_hooks
    assert all(not part._forward_hooks and not part._forward_pre_hooks for part in module.modules())


def test_a_rectifier_below_the_tape_is_counted_by_the_witness() -> None:
    class Sly(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch._C.DisableTorchFunction():
                y = torch.relu(x)
            return torch.relu(x - y).flatten(1)

    found = record(Sly(), torch.ones(1, 3, 4, 4))
    assert found.witnessed == 2
    assert found.rectifiers == 1


def test_an_unclear_output_is_asked_for() -> None:
    class Two(nn.Module):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            flat = x.flatten(1)
            return {"scores": flat * 2, "features": flat}

    with pytest.raises(BadModel, match=r"a dict with keys 'scores', 'features': pass output="):
        record(Two(), torch.zeros(1, 3, 4, 4))
    assert record(Two(), torch.zeros(1, 3, 4, 4), "scores").output_shape == (1, 48)
    with pytest.raises(BadModel, match="no output 'score'"):
        record(Two(), torch.zeros(1, 3, 4, 4), "score")


def test_a_part_that_no_record_can_see_through_is_refused() -> None:
    class Hidden(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch._C.DisableTorchFunction():
                x = x * 2
            return torch.relu(x).flatten(1)

    with pytest.raises(BadModel, match="nothing that can be recorded leads from the input to flatten"):
        record(Hidden(), torch.ones(1, 3, 4, 4))


def test_tensors_that_die_do_not_lend_their_identity_to_others() -> None:
    class Busy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            doomed = x * 2
            place = id(doomed)
            del doomed
            with torch._C.DisableTorchFunction():  # constants that the tape did not see being made
                fresh = [torch.ones(1) for _ in range(50)]
            return (x + next((one for one in fresh if id(one) == place), fresh[0])).flatten(1)

    calls = record(Busy(), torch.ones(1, 3, 4, 4)).calls
    assert [call.operation for call in calls] == ["mul", "add", "flatten"]
    assert [value.call for value in calls[1].inputs] == [-1]


def test_what_lives_on_inside_torch_only_is_still_known() -> None:
    class Views(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            view = (x * 2)[0]
            return (view._base + 1).flatten(1)

    calls = record(Views(), torch.ones(1, 3, 4, 4)).calls
    assert [call.operation for call in calls] == ["mul", "slice", "base", "add", "flatten"]
    assert [call.inputs[-1].call for call in calls[1:]] == [0, 1, 2, 3]
