"""What every network must keep; one joins by its line in a table of ``convscope.nets.NETS``.

Large ones are made narrower here: fully connected layers of 24, small pictures; architecture and names stay.
"""

import copy
import re
from functools import cache

import numpy as np
import pytest
import torch
from nan_probe import poisoned
from torch import nn
from torch.nn import functional
from torch.nn.modules import module as module_globals

from convscope.errors import BadModel, Unanswerable
from convscope.lenses.deconvnet import Deconvnet
from convscope.model.model import Model
from convscope.model.store import save_model
from convscope.nets import NETS
from convscope.nets.architecture import create
from convscope.nets.open import open_model
from convscope.plain.unit import Unit
from convscope.plain.validity import LABELS

torch.set_num_threads(1)  # the networks are small

CLASSES = ("cat", "dog", "owl")
LARGEST = 67  # pixels: every stack of the table fits
SIDES = {"googlenet-2014": 41, "resnet50-2015": 35, "resnet101-2015": 35, "resnet152-2015": 35}
REFUSED = {  # no rectifier to treat
    "lenet5-1998": "tanh",
    "nielsen1": "sigmoid",
    "nielsen2": "sigmoid",
    "nielsen3": "sigmoid",
}
# widths and depths of what is looked at already
VARIANT = re.compile(r"(zfnet|alexnet-2012)-.*|nielsen(|[5-7].?)|resnet1.*")


def side(name: str) -> int:
    """The side of the square input."""
    return min(NETS[name].input[1], SIDES.get(name, LARGEST))


def narrow(name: str) -> str:
    """The text of a plain stack with narrow fully connected layers; the name of anything else."""
    net = NETS[name]
    spec = net.spec_for(side(name), side(name))
    return name if spec is None else re.sub(r"fc\d+", "fc24", spec)


@cache
def opened(name: str) -> Model:
    """The network at a small size, with random weights; nothing in this file may change it."""
    net = NETS[name]
    channels = net.input[0]
    size = (channels, side(name), side(name))
    return open_model(
        narrow(name), input_size=size, classes=CLASSES, mean=[0.5] * channels, std=[0.25] * channels
    )


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.slow if VARIANT.fullmatch(name) else ()) for name in NETS]
)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def model(name: str) -> Model:
    return opened(name)


def photo(model: Model) -> np.ndarray:
    size = (model.fit.height + 9, model.fit.width + 20, model.fit.channels)
    return np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)


def fingerprint(net: nn.Module) -> dict[str, object]:
    """All of a module that looking at it must leave alone."""
    return {
        "state": {key: tensor.numpy().tobytes() for key, tensor in net.state_dict().items()},
        "grad": [parameter.grad for parameter in net.parameters()],
        "modes": [part.training for part in net.modules()],
        "hooks": [
            len(value) for part in net.modules() for key, value in vars(part).items() if "hooks" in key
        ],
        "global": [
            len(hook) for key, hook in vars(module_globals).items() if key.startswith("_global_") and hook
        ],
        "attributes": [sorted(vars(part)) for part in net.modules()],
    }


def test_layers_are_found_under_their_names(model):
    weighted = [key for key, part in model.module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    assert set(weighted) <= set(model.layers)
    assert model.layers[model.output].shape == (len(CLASSES),)
    assert model.surveyed[-1] == model.output
    assert model.scores(torch.zeros(2, *shape(model))).shape == (2, len(CLASSES))


def shape(model: Model) -> tuple[int, int, int]:
    return model.fit.channels, model.fit.height, model.fit.width


def test_every_position_of_every_layer_sees_what_the_probe_says(model):
    rows, columns = (poisoned(model, list(model.layers), axis) for axis in (0, 1))
    for name, layer in model.layers.items():
        assert layer.field.exact, name
        assert [span(hit) for hit in rows[name]] == [tuple(pair) for pair in layer.field.rows], name
        assert [span(hit) for hit in columns[name]] == [tuple(pair) for pair in layer.field.columns], name


def span(reached: np.ndarray) -> tuple[int, int]:
    hits = np.flatnonzero(reached)
    return (int(hits[0]), int(hits[-1]) + 1) if len(hits) else (0, 0)


def test_saved_and_opened_again_it_answers_bit_for_bit(model, tmp_path):
    save_model(model, tmp_path)
    again = open_model(tmp_path)
    batch = torch.rand(2, *shape(model), generator=torch.Generator().manual_seed(0))
    assert torch.equal(again.scores(batch), model.scores(batch))
    assert again.id == model.id
    assert again.classes == CLASSES


def test_one_step_of_training_lowers_the_loss(model):
    net = create(model.architecture, seed=1).train()
    for layer in net.modules():
        if isinstance(layer, nn.Dropout):
            layer.p = 0.0  # another draw after the step would be another loss
    torch.manual_seed(0)
    batch, labels = torch.randn(4, *shape(model)), torch.tensor([0, 0, 0, 1])
    before = functional.cross_entropy(net(batch), labels)
    before.backward()
    steepness = sum(float(parameter.grad.square().sum()) for parameter in net.parameters())
    rate = 0.01 * before.item() / steepness  # on a straight slope, a hundredth of the loss is gained
    torch.optim.SGD(net.parameters(), lr=rate).step()
    assert functional.cross_entropy(net(batch), labels) < before


def test_a_deconvnet_is_drawn_or_refused_with_the_reason(name, model):
    unit = Unit(next(iter(model.surveyed)) if name != "nielsen1" else model.output, 0)
    if name in REFUSED:
        unit = Unit(model.output, 0)
        with pytest.raises(Unanswerable, match=f"no rectifier.*{REFUSED[name]}"):
            Deconvnet()(model, unit, photo(model))
        return
    seen = Deconvnet()(model, unit, photo(model))
    assert np.isfinite(seen.array).all()
    assert seen.validity.label in LABELS
    assert seen.validity.rectified == seen.validity.rectifiers


def test_nothing_is_left_behind(model):
    model.module.train()
    before = copy.deepcopy(fingerprint(model.module))
    fresh = Model(model.module, fit=model.fit, mean=model.mean, std=model.std)
    assert fresh.layers
    fresh.scores(torch.zeros(1, *shape(model)))
    assert fingerprint(model.module) == before
    model.module.eval()


def test_nothing_is_left_behind_where_the_forward_pass_fails(model):
    before = copy.deepcopy(fingerprint(model.module))
    channels, height, width = shape(model)
    wrong = Model(
        model.module, fit=type(model.fit)(height, width, channels=channels + 2),
        mean=(0.0,) * (channels + 2), std=(1.0,) * (channels + 2),
    )  # fmt: skip
    with pytest.raises(BadModel, match=f"fails on an input of 1 x {channels + 2} x {height}"):
        _ = wrong.layers
    assert fingerprint(model.module) == before
