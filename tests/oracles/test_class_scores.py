"""What is said of a picture, whatever the network's last step: a softmax of its own, maps instead of scores, one number."""

import numpy as np
import pytest
import torch
from small_networks import photo, pooled, wrap
from torch import nn

import convscope as cs
from convscope.errors import BadModel
from convscope.images import open_images
from convscope.lenses.occlusion import Occlusion


def pictures(count: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (12, 12, 3), dtype=np.uint8) for _ in range(count)]


def sure(*ending: nn.Module) -> nn.Module:
    """Far from even probabilities, so that a softmax too many shows."""
    net = pooled().module
    with torch.no_grad():
        net.head.weight *= 200
    return nn.Sequential(net, *ending)


def test_a_why_of_a_network_with_its_own_softmax_says_its_own_probabilities(tmp_path):
    model, images = wrap(sure(nn.Softmax(1))), open_images(pictures())
    atlas = cs.survey(model, images, into=tmp_path / "a", project="none", photos=0)
    seen = cs.why(model, 0, atlas=atlas, images=images).seen
    with torch.no_grad():
        expected = model.module(model.preprocess(images[0])[None])[0].sort(descending=True).values
    assert expected[0] > 0.5
    np.testing.assert_allclose([guess.probability for guess in seen.top], expected, rtol=1e-5)
    assert seen.margin == pytest.approx(float(expected[0] - expected[1]), rel=1e-4)
    assert seen.surer.count == 0  # it is the surest of the four; the atlas has rounded it up
    assert atlas.images.probability[0] > expected[0]


def test_a_network_that_gives_maps_is_judged_by_their_maxima(tmp_path):
    torch.manual_seed(0)
    model = wrap(nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Conv2d(5, 4, 3)))
    images = open_images(pictures())
    with torch.no_grad():
        best = model.module(torch.stack([model.preprocess(one) for one in pictures()])).amax((2, 3))
    shares = best.softmax(1)
    assert model.classes == ("class 0", "class 1", "class 2", "class 3")
    np.testing.assert_allclose([row.probabilities for row in cs.predict(model, images)], shares, rtol=1e-5)
    atlas = cs.survey(model, images, into=tmp_path / "a", project="none", photos=0)
    assert atlas.images.predicted.tolist() == best.argmax(1).tolist()
    np.testing.assert_allclose(atlas.images.probability, shares.max(1).values, rtol=1e-5)
    assert "largest value of its map" in " ".join(atlas.manifest["model"]["notes"])
    assert cs.maps(model, pictures()[0]).named[0][1] == pytest.approx(float(shares[0].max()), rel=1e-5)
    unit = model.unit_of_class("class 1")
    fall = Occlusion(size=12, measure="probability", fill="mean").grid(model, unit, pictures()[0])
    pixels = model.preprocess(pictures()[0])
    with torch.no_grad():
        even = model.module(pixels.mean((1, 2), keepdim=True).expand_as(pixels)[None]).amax((2, 3)).softmax(1)
    assert fall.item() == pytest.approx(float(shares[0, 1] - even[0, 1]), abs=1e-6)


def test_one_output_says_nothing_of_one_class_against_another():
    model = wrap(nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, 1)))
    with pytest.raises(BadModel, match=r"has one output, .*: return two scores, for a logit x torch.cat"):
        cs.predict(model, pictures())
    with pytest.raises(
        BadModel, match=r"2 class names were given, but .* has one output: return two scores, "
    ):
        _ = cs.open_model(model.module, input_size=12, mean=0, std=1, classes=("cat", "dog")).classes


def test_two_scores_of_a_logit_have_the_probability_of_its_sigmoid():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one = nn.Linear(3 * 12 * 12, 1)

        def forward(self, pixels):
            x = self.one(pixels.flatten(1))
            return torch.cat([-x, x], 1) / 2  # as the error says

    model = cs.open_model(Two(), input_size=12, mean=0, std=1, classes=("cat", "dog"))
    inputs = torch.stack([model.preprocess(picture) for picture in pictures()])
    with torch.no_grad():
        expected = model.module.one(inputs.flatten(1)).sigmoid()[:, 0]
    assert torch.allclose(model.probabilities(inputs)[:, 1], expected, atol=1e-6)


def test_nan_is_an_error_never_an_answer_withheld():
    class Broken(nn.Module):
        def forward(self, x):
            return x.mean((2, 3)) * float("nan")

    with pytest.raises(BadModel, match="answers NaN for 00000"):
        cs.predict(wrap(Broken()), pictures())


def test_what_is_no_class_score_is_refused():
    class Tokens(nn.Module):
        def forward(self, x):
            return x.flatten(2)

    with pytest.raises(BadModel, match="returns a tensor of 1 x 3 x 144, but class scores are N x classes"):
        _ = wrap(Tokens()).classes


def test_shapes_that_depend_on_the_picture_are_named():
    class Either(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow, self.head = nn.Conv2d(3, 6, 3), nn.Conv2d(3, 2, 3), nn.Linear(2, 2)

        def forward(self, x):
            maps = self.wide(x) if x.max() > 0.5 else self.narrow(x)
            return self.head(maps.relu().mean((2, 3))[:, :2])

    model = wrap(Either())
    with pytest.raises(
        BadModel, match=r"relu gives \(6, 10, 10\) for these images and gave \(2, 10, 10\) when"
    ):
        cs.look(model, photo(), "relu:1", "activation")


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan")])
def test_a_deviation_that_cannot_divide_is_refused(std):
    with pytest.raises(BadModel, match="cannot divide pixels: give numbers above zero"):
        cs.open_model(nn.Conv2d(3, 2, 3), input_size=8, mean=0.5, std=std)


@pytest.mark.parametrize("lens", ["gradient", "deconvnet", "guided"])
def test_a_class_score_below_zero_is_not_dead_since_only_differences_count(lens):
    model = pooled()
    with torch.no_grad():
        model.module.head.bias -= 100
    seen = cs.look(model, photo(), "class 1", lens)
    assert (seen.value < 0, "dead" in seen.validity.labels) == (True, False)
    with torch.no_grad():
        model.module.conv2.bias -= 100
    assert "dead" in cs.look(model, photo(), "relu#2:1", lens).validity.labels
