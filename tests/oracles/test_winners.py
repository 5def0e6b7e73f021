"""Winners' projections without autograd against projections with it: every layer's, borders, labels, fallbacks."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.model import adjoint, lowered, winners
from convscope.model.model import Model
from convscope.model.projection import Projection, Sent, project
from convscope.model.validity import judge
from convscope.model.winners import project_winners
from convscope.plain.fit import Fit

from .test_crops import open_named, placed

torch.set_num_threads(1)


def model_of(module: nn.Module, height: int, width: int) -> Model:
    return Model(module.eval(), fit=Fit(height, width), mean=(0.5,) * 3, std=(0.25,) * 3)


def off(expected: Projection, found: Sent) -> float:
    """The largest difference as a share of each map's largest value; the map is not empty."""
    worst = 0.0
    for whole, part, corner in zip(expected.signal, found.signal, found.corners, strict=True):
        assert whole.abs().max() > 0
        difference = placed(part, corner, whole) - whole
        worst = max(worst, float(difference.abs().max() / whole.abs().max()))
    return worst


def units(model: Model, layer: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Two of one place and one of another, of one channel; two of other channels in two corners."""
    found = model.layers[layer]
    bottom, right = found.height - 1, found.width - 1
    inside = bottom // 2, right // 3
    places = torch.tensor([(bottom, 0), (0, right), inside, inside, (bottom, right)])
    return torch.tensor([1, 0, 3, 3, 3]), places


NETS = {
    "resnet18": ("layer1.1.relu#2", "layer3.1.bn2", "layer4.0.relu", "layer4.1.relu#2", "fc"),
    "alexnet": ("features.2", "features.9", "features.12", "classifier.5"),
    "densenet121": ("features.transition2.pool",),
}


@pytest.mark.parametrize("name", NETS)
def test_equal_to_autograd_on_whole_images(name: str) -> None:
    model = model_of(open_named(name).module, 101, 96)
    batch = torch.randn(5, 3, 101, 96)
    for layer in NETS[name]:
        channels, places = units(model, layer)
        expected = project(model, batch, layer, channels, places)
        found = project_winners(model, batch, layer, channels, places)
        assert winners.proven_cone(model, model.layers[layer]) is not None, layer
        assert off(expected, found) < 1e-5, layer
        assert judge(model, model.layers[layer], found.descent, "deconvnet") == judge(
            model, model.layers[layer], expected.descent, "deconvnet"
        )


class Small(nn.Module):
    """A window of it at the top, a skip, a pool that overlaps, odd sizes; ``gate`` is put on the way."""

    def __init__(self, gate: Callable[[torch.Tensor], torch.Tensor] = torch.relu) -> None:
        super().__init__()
        self.stem, self.gate = nn.Conv2d(3, 6, 5, 2, 1), gate
        self.one, self.two = nn.Conv2d(6, 6, 3, padding=1), nn.Conv2d(6, 4, 3, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(torch.relu(self.stem(x)), 3, 2, 1)
        return torch.relu(self.two(x + self.gate(self.one(x))))


class Biased(nn.Conv2d):
    """Its bias is computed as it runs."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        assert self.bias is not None
        return functional.conv2d(input, self.weight, self.bias * 2)


def small(
    height: int = 37, width: int = 41, **changed: Callable[[torch.Tensor], torch.Tensor]
) -> tuple[Model, torch.Tensor]:
    torch.manual_seed(4)
    return model_of(Small(**changed), height, width), torch.randn(5, 3, height, width)


def both(model: Model, batch: torch.Tensor, layer: str) -> tuple[Projection, Sent]:
    return tuple(ways(model, batch, layer, *units(model, layer)) for ways in (project, project_winners))  # type: ignore[return-value]


@pytest.mark.parametrize(
    "side", [25, 41]
)  # of an image as large as the field, and of one with room for a crop
def test_in_double_precision_they_agree_to_ten_digits(side: int) -> None:
    model, batch = small(side, side)
    assert model.layers  # recorded while it is still in float32
    model.module.double()
    assert off(*both(model, batch.double(), "relu#3")) < 1e-10
    proven = winners.proven_cone(model, model.layers["relu#3"])
    assert proven is not None
    assert (proven.cone.plan is None) == (side == 25)
    spans = set(proven.cone.held.values())
    assert len(spans) > 2
    assert (None in spans) == (side == 25)


@pytest.mark.parametrize(
    "gate",
    [
        lambda x: x * torch.sigmoid(functional.adaptive_avg_pool2d(x, 1)),  # depends on the image
        lambda x: torch.flip(x, (3,)),  # known to nobody here
        lambda x: x.relu().add(x, alpha=2),  # known, and used in an unusual way
        lambda x: functional.conv2d(x, torch.ones(6, 6, 1, 1) * 0.1),  # weights that are no parameter
        Biased(6, 6, 1),
        lambda x: functional.hardtanh(x.relu(), -9, 9),  # a gate that no noise is large enough to meet
    ],
)
def test_what_has_no_adjoint_is_left_to_autograd(gate: Callable[[torch.Tensor], torch.Tensor]) -> None:
    model, batch = small(gate=gate)
    last = list(model.layers)[-1]
    expected, found = both(model, 500 * batch, last)
    assert winners.proven_cone(model, model.layers[last]) is None
    assert off(expected, found) < 1e-5
    assert found.descent == expected.descent


def test_an_adjoint_that_is_wrong_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adjoint.ADJOINTS, "relu", lambda step, signal: [signal])
    model, batch = small()
    assert off(*both(model, batch, "relu#3")) < 1e-5
    assert winners.proven_cone(model, model.layers["relu#3"]) is None


def test_a_cone_that_is_wrong_at_the_border_alone_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = small()
    layer, place = model.layers["relu#3"], lowered._placed
    middle = torch.tensor([(layer.height // 2, layer.width // 2)])
    monkeypatch.setattr(
        lowered, "_placed", lambda c, v, g, part, places: place(c, v, g, part, middle.expand_as(places))
    )
    assert off(*both(model, batch, "relu#3")) < 1e-5
    assert winners.proven_cone(model, layer) is None


def test_weights_are_those_of_now() -> None:
    model, batch = small()
    before, _ = both(model, batch, "relu#3")
    with torch.no_grad():
        for weight in model.module.parameters():
            weight.mul_(-1.5)
    expected, found = both(model, batch, "relu#3")
    assert not torch.equal(before.signal, expected.signal)
    assert off(expected, found) < 1e-5
    assert found.descent == expected.descent
    assert winners.proven_cone(model, model.layers["relu#3"]) is not None


def test_the_network_runs_no_further_than_its_last_pool() -> None:
    model, batch = small()
    both(model, batch, "relu#3")  # proven
    ran: list[str] = []
    for name, part in model.module.named_children():
        part.register_forward_hook(lambda *_, name=name: ran.append(name))
    project_winners(model, batch, "relu#3", *units(model, "relu#3"))
    assert ran == ["stem"]


def test_one_unit_of_many_images_is_sent_down_once_above_the_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = small()
    both(model, batch, "relu#3")  # proven
    sent: list[tuple[str, int]] = []
    work = adjoint.ADJOINTS["conv2d"]

    def watched(step: adjoint.Step, signal: torch.Tensor) -> list[torch.Tensor]:
        sent.append((step.call.name, len(signal)))
        return work(step, signal)

    monkeypatch.setitem(adjoint.ADJOINTS, "conv2d", watched)
    project_winners(model, batch, "relu#3", *units(model, "relu#3"))
    assert sent == [("two", 4), ("one", 4), ("stem", 5)]


def test_maps_without_a_signal_prove_nothing() -> None:
    model, batch = small()
    with torch.no_grad():
        model.module.get_parameter("two.weight").zero_()
    assert not both(model, batch, "relu#3")[1].signal.any()
    assert winners.proven_cone(model, model.layers["relu#3"]) is None
