"""Effective receptive fields: the theory exactly where it holds, autograd by hand elsewhere."""

import numpy as np
import pytest
import torch
from torch import nn

from convscope.arithmetic.effective import effective_width, uniform_profile
from convscope.arithmetic.window import Window
from convscope.errors import BadImages, Unanswerable, UnknownName
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.studies.effective_field import effective_field

NOISE = [
    torch.from_numpy(np.random.default_rng(seed).normal(size=(1, 45, 45)).astype(np.float32))
    for seed in range(3)
]


def grey(module: nn.Module, side: int = 45) -> Model:
    return Model(module, fit=Fit(side, side, channels=1), mean=(0.0,), std=(1.0,))


def uniform(kernel: int, layers: int) -> Model:
    stack = [nn.Conv2d(1, 1, kernel, padding=kernel // 2, bias=False) for _ in range(layers)]
    for convolution in stack:
        nn.init.constant_(convolution.weight, 1 / kernel**2)
    return grey(nn.Sequential(*stack))


@pytest.mark.parametrize(
    ("kernel", "layers", "size", "width", "sigma"),
    [(3, 5, 11, 9, 1.826), (3, 20, 41, 19, 3.651), (7, 5, 31, 23, 4.472)],
)
def test_a_uniform_linear_stack_is_the_theory(kernel, layers, size, width, sigma):
    field = effective_field(uniform(kernel, layers), str(layers - 1), NOISE[:2])
    assert (field.theoretical, field.width) == ((size, size), (width, width))
    assert field.sigma == pytest.approx((sigma, sigma), abs=5e-4)
    assert field.share[0] == pytest.approx(width / size)
    expected = np.zeros(45)
    expected[22 - size // 2 : 23 + size // 2] = uniform_profile([Window(kernel)] * layers)
    np.testing.assert_allclose(field.profiles[0], expected, atol=1e-7)
    np.testing.assert_allclose(field.weight, np.outer(expected, expected), atol=1e-7)
    assert field.pixels == effective_width(np.outer(expected, expected).ravel())


def test_three_layers_of_three_taps_are_the_trinomial():
    down, _ = effective_field(uniform(3, 3), "2", NOISE[:1]).profiles
    np.testing.assert_allclose(down[19:26] * 27, [1, 3, 6, 7, 6, 3, 1], rtol=1e-5)


def network() -> Model:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(256, 3),
    )  # fmt: skip
    return grey(module)


def test_a_real_network_is_autograd_averaged_over_pictures():
    model = network()
    field = effective_field(model, "4", NOISE, position=(2, 5), seed=3)
    signs = torch.randint(0, 2, (3, 4), generator=torch.Generator().manual_seed(3)) * 2 - 1
    expected = np.zeros((45, 45))
    for image, sign in zip(NOISE, signs, strict=True):
        pixels = image[None].clone().requires_grad_(True)
        (model.module[:5](pixels)[0, :, 2, 5] * sign).sum().backward()
        expected += pixels.grad[0, 0].abs().double().numpy() / 3
    np.testing.assert_allclose(field.weight, expected, rtol=1e-5, atol=1e-9)
    outside = field.weight.copy()
    outside[int(field.box.top) : int(field.box.bottom), int(field.box.left) : int(field.box.right)] = 0
    assert not outside.any()
    assert field.weight.any()


def test_the_model_is_left_as_it_was_and_the_images_are_counted():
    model = network()
    before = {name: weight.clone() for name, weight in model.module.state_dict().items()}
    field = effective_field(model, "0", NOISE, most=2)
    assert field.images == 2
    assert field.position == (10, 10)
    assert all(torch.equal(weight, before[name]) for name, weight in model.module.state_dict().items())
    assert all(weight.grad is None for weight in model.module.parameters())


def test_what_cannot_be_measured_is_said():
    with pytest.raises(BadImages, match="no image was given"):
        effective_field(network(), "0", [])
    with pytest.raises(UnknownName, match="rows 0 to 20, columns 0 to 20"):
        effective_field(network(), "0", NOISE, position=(21, 0))
    with pytest.raises(UnknownName, match="unknown layer '9'"):
        effective_field(network(), "9", NOISE)


class Severed(nn.Module):
    """A layer that the gradient does not pass."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 2, 3)
        self.head = nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.sign(self.first(x.detach())).mean((2, 3)))


def test_a_unit_that_no_gradient_leaves_is_refused():
    with pytest.raises(Unanswerable, match="no gradient reaches the pixels from first"):
        effective_field(grey(Severed()), "first", NOISE)
