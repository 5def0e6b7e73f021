"""What every lens must keep, whatever it shows; a lens joins by its line in ``convscope.lenses.LENSES``."""

import copy
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules import module as module_globals

from convscope.errors import Unanswerable, UnknownName
from convscope.lenses import LENSES, find_lens, lens_text, read_lens
from convscope.model.model import Model
from convscope.nets.open import open_model
from convscope.plain.question import Question
from convscope.plain.unit import Unit
from convscope.plain.validity import LABELS

torch.set_num_threads(1)  # the networks are tiny

RECTIFIED = ("deconvnet", "guided")  # have no meaning where nothing is rectified
IMAGELESS = ("maximisation",)  # make their own picture
WHOLE = ("activation",)  # show all positions of a channel, whichever was asked for
QUICK = {
    "integrated-gradients": "integrated-gradients:steps=4",
    "smoothgrad": "smoothgrad:n=2",
    "occlusion": "occlusion:size=6,stride=3",
    "maximisation": "maximisation:steps=3",
}


class Small(nn.Module):
    """Two blocks; how its rectifiers are called is what its kinds differ in."""

    def __init__(self, kind: str, channels: int):
        super().__init__()
        self.kind = kind
        self.conv1 = nn.Conv2d(channels, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 5, 3, padding=1)
        self.act = nn.Sigmoid() if kind == "sigmoid" else nn.ReLU(inplace=kind == "in place")
        self.head = nn.Linear(5, 3)
        self.broken = False

    def forward(self, x: Tensor) -> Tensor:
        act = functional.relu if self.kind == "functional" else self.act
        x = functional.max_pool2d(act(self.norm(self.conv1(x))), 2)
        if self.broken:
            raise RuntimeError("broken on purpose")
        return self.head(act(self.conv2(x)).mean((2, 3)))


KINDS = {
    "module": (3, 24, 24),
    "functional": (3, 24, 24),
    "in place": (3, 24, 24),
    "grey": (1, 24, 24),
    "not square": (3, 16, 28),
}


def small(kind: str, size: tuple[int, int, int]) -> Model:
    """A network with weights, statistics, modes and gradients that a lens could disturb."""
    torch.manual_seed(3)
    net = Small(kind, size[0])
    net.norm.running_mean.uniform_(-0.1, 0.1)
    net.norm.train()  # part in training mode, part not, as a user may have left it
    net.conv2.eval()
    net.head.weight.requires_grad_(False)
    net.conv1.weight.grad = torch.full_like(net.conv1.weight, 7.0)
    return open_model(net, input_size=size, mean=[0.5] * size[0], std=[0.25] * size[0])


def photo(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (40, 60, channels), dtype=np.uint8)


def fingerprint(net: nn.Module) -> dict[str, Any]:
    """All that a lens must leave as it was."""
    hooks = [name for name in vars(net) if "hook" in name]
    return {
        "state": {name: tensor.numpy().tobytes() for name, tensor in net.state_dict().items()},
        "grad": [None if p.grad is None else p.grad.numpy().tobytes() for p in net.parameters()],
        "wants": [p.requires_grad for p in net.parameters()],
        "modes": [part.training for part in net.modules()],
        "hooks": [
            len(getattr(part, name) or ()) for part in net.modules() for name in hooks if name in vars(part)
        ],
        "global": [
            len(hook) for name, hook in vars(module_globals).items() if name.startswith("_global_") and hook
        ],
        "forward": [vars(part).get("forward") for part in net.modules()],
        "tensor hooks": [p._backward_hooks for p in net.parameters()],
        "enabled": torch.is_grad_enabled(),
    }


@pytest.fixture(params=list(LENSES))
def lens(request: pytest.FixtureRequest) -> Any:
    return read_lens(QUICK.get(request.param, request.param))


@pytest.fixture(params=list(KINDS))
def model(request: pytest.FixtureRequest) -> Model:
    return small(request.param, KINDS[request.param])


def test_what_is_seen_is_complete_and_where_it_says(lens, model):
    unit = Unit("conv2", 2, (3, 4))
    seen = lens(model, unit, photo())
    assert seen.array.shape[:2] == (model.fit.height, model.fit.width)
    assert seen.array.shape[2] in (1, model.fit.channels)
    assert seen.array.dtype == np.float32
    assert np.isfinite(seen.array).all()
    assert np.abs(seen.array).max() > 0
    if lens.name not in WHOLE:
        assert seen.input_box == model.layer("conv2").field.at(3, 4)
    if lens.name not in IMAGELESS:
        assert 0 <= seen.box.left < seen.box.right <= 60
        assert 0 <= seen.box.top < seen.box.bottom <= 40
    assert seen.units
    assert "conv2:2@3,4" in seen.caption
    assert seen.validity.label in LABELS
    assert seen.validity.sentence


def test_outside_its_box_there_is_nothing(lens, model):
    seen = lens(model, Unit("conv2", 2, (0, 5)), photo())
    inside = np.zeros(seen.array.shape[:2], dtype=bool)
    left, top, right, bottom = seen.input_box
    inside[top:bottom, left:right] = True
    assert inside.sum() > 0
    assert inside.all() == (lens.name in WHOLE)
    assert not seen.array[~inside].any()


def conv2_of(model: Model, pixels: Tensor) -> Tensor:
    """What the network's second convolution says, read by a hook."""
    kept = {}
    hook = model.module.conv2.register_forward_hook(lambda *call: kept.update(out=call[2].detach().clone()))
    model.module.eval()(pixels[None])
    hook.remove()
    return kept["out"][0]


def test_the_value_is_what_the_network_says(lens, model):
    for unit in (Unit("conv2", 1, (3, 2)), Unit("conv2", 1)):
        seen = lens(model, unit, photo())
        made = torch.from_numpy(seen.array).permute(2, 0, 1)
        said = conv2_of(model, made if lens.name in IMAGELESS else model.preprocess(photo()))[1]
        expected = said.max() if unit.position is None else said[unit.position]
        assert seen.value == pytest.approx(float(expected), rel=1e-5)


def test_nothing_of_the_users_model_differs_afterwards(lens, model):
    before = copy.deepcopy(fingerprint(model.module))
    lens(model, Unit("conv2", 1), photo())
    with suppress(Unanswerable):  # a class has no map
        lens(model, Unit(model.output, 0), photo())
    assert fingerprint(model.module) == before


def test_nor_after_the_forward_pass_has_failed(lens, model):
    before = copy.deepcopy(fingerprint(model.module))
    assert model.layers  # recorded while all was well
    model.module.broken = True
    with pytest.raises(RuntimeError, match="broken on purpose"):
        lens(model, Unit("conv2", 1), photo())
    assert fingerprint(model.module) == before


def test_looking_twice_shows_the_same(lens, model):
    one, other = (lens(model, Unit("conv2", 3), photo()) for _ in range(2))
    assert one.array.tobytes() == other.array.tobytes()
    assert (one.caption, one.box, one.validity) == (other.caption, other.box, other.validity)


def test_the_image_is_not_written_to(lens, model):
    image = photo()
    lens(model, Unit("conv2", 3), image)
    assert np.array_equal(image, photo())


def test_a_finished_tensor_has_no_source_box_and_says_why(lens, model):
    tensor = torch.rand(model.fit.channels, model.fit.height, model.fit.width)
    seen = lens(model, Unit("conv2", 3), tensor)
    assert seen.box is None
    assert "no source pixels" in seen.caption


def test_it_is_plain_data_with_a_name_and_a_version(lens):
    assert is_dataclass(lens)
    assert LENSES[lens.name][1] == type(lens).__name__
    assert lens == type(lens)(**asdict(lens)) == read_lens(lens_text(lens))
    key = Question("m", Unit("conv2", 1), lens.name, lens.version, "i", asdict(lens)).key
    assert len(key) == 32
    assert lens.does_not_show.endswith(".")


def test_units_that_do_not_exist_are_named(lens):
    model = small("module", KINDS["module"])
    with pytest.raises(UnknownName, match=r"unknown layer 'conv3': did you mean conv2 or conv1"):
        lens(model, Unit("conv3", 0), photo())
    with pytest.raises(UnknownName, match="conv2 has channels 0 to 4"):
        lens(model, Unit("conv2", 5), photo())


@pytest.mark.parametrize("name", RECTIFIED)
def test_a_network_that_rectifies_nothing_is_refused(name):
    model = small("sigmoid", (3, 24, 24))
    with pytest.raises(Unanswerable, match=r"has no answer for conv2:1 of Small: .*sigmoid"):
        find_lens(name)()(model, Unit("conv2", 1), photo())


def test_an_unknown_lens_suggests_the_nearest():
    with pytest.raises(UnknownName, match=r"unknown lens 'gradent': did you mean gradient"):
        find_lens("gradent")
