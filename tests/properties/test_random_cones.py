"""Random small networks of what has an adjoint, and of what has none: sent down a cone as autograd sends it."""

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from convscope.model.model import Model
from convscope.model.projection import project
from convscope.model.winners import project_winners, proven_cone
from convscope.plain.fit import Fit

from .test_random_graphs import WIDTH, Drawn, Step, fits, numbers

torch.set_num_threads(1)
BEYOND = 99  # pixels around an image that a crop may reach into
KINDS = ("conv", "conv", "grouped", "max", "average", "pad", "add", "cat", "nearest")


class Meeting(Step):
    """Maps that meet do so whole: a part of a map is nothing that has an adjoint here."""

    def __init__(self, kind: str, numbers: tuple[int, int, int, int], with_: int) -> None:
        super().__init__(kind, numbers, with_)
        self.thinned = nn.Conv2d(2 * WIDTH, WIDTH, 1)

    def meet(self, x: Tensor, earlier: list[Tensor]) -> Tensor:
        alike = [other for other in earlier if other.shape == x.shape]
        other = alike[self.with_ % len(alike)]
        return x + other if self.kind == "add" else self.thinned(torch.cat([x, other], 1))


steps = st.builds(Meeting, st.sampled_from(KINDS), numbers, st.integers(0, 9))
proven: list[bool] = []


@st.composite
def networks(draw) -> Drawn:
    drawn = draw(st.lists(steps, min_size=2, max_size=6))
    ways = st.sampled_from(("function", "relu6", "function"))
    return Drawn(drawn, draw(st.lists(ways, min_size=len(drawn), max_size=len(drawn))), [])


@settings(
    max_examples=40, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(networks(), st.integers(13, 24), st.integers(13, 24), st.integers(0, 99))
def cone_equals_whole(network: Drawn, height: int, width: int, seed: int) -> None:
    if not fits(network, height, width):
        return
    torch.manual_seed(seed)
    with (
        torch.no_grad()
    ):  # or so few channels often send nothing down, and a cone that is empty proves nothing
        for part in network.modules():
            if isinstance(part, nn.Conv2d):
                part.weight += part.weight.abs().mean()
    model = Model(network.eval(), fit=Fit(height, width), mean=(0.0,) * 3, std=(1.0,) * 3)
    name = [name for name, layer in model.layers.items() if len(layer.shape) == 3][-1]
    layer = model.layers[name]
    channels = torch.tensor([0, 1, 2])
    places = torch.tensor(
        [(0, layer.width - 1), (layer.height - 1, 0), (layer.height // 2, layer.width // 2)]
    )
    batch = torch.randn(3, 3, height, width)
    expected = project(model, batch, name, channels, places).signal
    found = project_winners(model, batch, name, channels, places)
    assert found.signal.count_nonzero() == expected.count_nonzero()
    wide = functional.pad(expected, (BEYOND,) * 4)
    (rows, columns), scale = found.signal.shape[2:], expected.abs().amax((1, 2, 3))
    for image, part, (top, left), largest in zip(wide, found.signal, found.corners, scale, strict=True):
        here = image[:, BEYOND + top : BEYOND + top + rows, BEYOND + left : BEYOND + left + columns]
        assert bool(((here - part).abs() <= 1e-5 * largest).all())
    proven.append(proven_cone(model, layer) is not None)


def test_cones_of_random_networks() -> None:
    proven.clear()
    cone_equals_whole()
    assert len(proven) > 20
    assert sum(proven) > 4  # or nothing but autograd was compared with itself
    assert not all(proven)
