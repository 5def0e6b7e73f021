"""One sweep for all units, against one forward pass after another."""

import numpy as np
import pytest
import torch
from small_networks import photo, pooled, wrap

from convscope.errors import BadSpec, UnknownName
from convscope.lenses.occlusion import Occlusion
from convscope.plain.unit import Unit
from convscope.studies.occlusion import occlusion_sweep


def test_every_number_equals_one_pass_after_another():
    model = pooled()
    found = occlusion_sweep(model, photo(), ["relu", "relu#2"], size=4, stride=3)
    pixels = model.preprocess(photo())
    with torch.no_grad():
        clean = model.module.maps(pixels[None])[0]
        strongest = int(clean.sum((1, 2)).argmax())
        for row, top in enumerate(range(0, 9, 3)):
            for column, left in enumerate(range(0, 9, 3)):
                other = pixels.clone()
                other[:, top : top + 4, left : left + 4] = (0.5 - 0.4) / 0.5
                first, maps = (
                    torch.relu(model.module.conv1(other[None]))[0],
                    model.module.maps(other[None])[0],
                )
                odds = model.module(other[None])[0].softmax(0)
                here = row, column
                np.testing.assert_allclose(found.maxima["relu"][here], first.amax((1, 2)), atol=1e-5)
                np.testing.assert_allclose(found.maxima["relu#2"][here], maps.amax((1, 2)), atol=1e-5)
                np.testing.assert_allclose(found.probability[here], odds, atol=1e-5)
                assert found.label[here] == int(odds.argmax())
                assert found.summed["relu#2"][here] == pytest.approx(float(maps[strongest].sum()), abs=1e-4)
    assert found.strongest["relu#2"] == strongest
    assert found.clean.summed["relu#2"] == pytest.approx(float(clean[strongest].sum()), abs=1e-4)
    np.testing.assert_allclose(found.clean.maxima["relu#2"], clean.amax((1, 2)), atol=1e-6)


def test_the_lens_of_one_unit_says_the_same():
    model = pooled()
    found = occlusion_sweep(model, photo(), ["relu#2", "head"], size=5, stride=2, fill="blur")
    lens = Occlusion(size=5, stride=2, fill="blur")
    for unit in (Unit("relu#2", 3), Unit("head", 1)):
        falls = found.clean.maxima[unit.layer][unit.channel] - found.maxima[unit.layer][..., unit.channel]
        np.testing.assert_allclose(lens.grid(model, unit, photo()), falls, atol=1e-6)


def test_a_planted_patch_changes_the_label_where_it_is_covered():
    """The class rests on one bright square; with it covered the other class wins."""

    class Watermark(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 1, 1)

        def forward(self, x):
            bright = torch.relu(self.conv(x))
            return torch.cat([bright.amax((2, 3)), torch.full((len(x), 1), 0.5)], 1)

    model = wrap(Watermark(), (3, 12, 12))
    torch.nn.init.constant_(model.module.conv.weight, 1.0)
    torch.nn.init.constant_(model.module.conv.bias, -3.0)
    image = np.zeros((12, 12, 3), np.uint8)
    image[8, 4] = 255
    found = occlusion_sweep(model, image, ["relu"], size=4, stride=4)
    expected = np.zeros((3, 3), int)
    expected[2, 1] = 1
    assert np.array_equal(found.label, expected)
    assert found.summed["relu"][2, 1] == 0 < found.clean.summed["relu"]


def test_without_layers_it_reads_what_a_survey_looks_at():
    model = pooled()
    assert tuple(occlusion_sweep(model, photo(), size=6, stride=6).maxima) == model.surveyed


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadSpec, match="size 40 does not fit the network's 12 x 12 pixels"):
        occlusion_sweep(pooled(), photo(), size=40)
    with pytest.raises(UnknownName, match="unknown layer 'relu3'"):
        occlusion_sweep(pooled(), photo(), ["relu3"], size=4)
