"""The strongest activation of channels against a loop over every image, whatever the batches."""

import numpy as np
import pytest
import torch
from torch import nn

from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.studies.evolution import peaks, settled, strongest


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(3)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2)).eval()
    return Model(module, fit=Fit(8, 8, channels=1), mean=(0.5,), std=(0.5,), classes=["a", "b"], name="s")


@pytest.mark.parametrize("together", [1, 3, 7])
def test_the_strongest_is_that_of_a_loop_over_images(model, together):
    pixels = torch.randn(7, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    rows = np.array([2, 5, 8, 11, 14, 17, 20])
    batches = [(rows[i : i + together], pixels[i : i + together]) for i in range(0, 7, together)]
    name = next(layer for layer in model.layers if model.layers[layer].operation == "relu")
    found = strongest(model, batches, {name: [0, 3]}, rows[[1, 4, 6]])[name]
    maps = torch.relu(model.module[0](pixels)).detach().numpy()
    for place, channel in enumerate((0, 3)):
        image, y, x = max(
            np.ndindex(7, 6, 6), key=lambda at: (maps[at[0], channel, at[1], at[2]], *(-i for i in at))
        )
        assert found["value"][place] == pytest.approx(maps[image, channel, y, x], rel=1e-6)
        assert (found["image"][place], found["y"][place], found["x"][place]) == (rows[image], y, x)
    assert found["peak"] == pytest.approx(
        maps[[1, 4, 6]].max(axis=(2, 3)).T, rel=1e-6
    )  # of all four channels


def test_of_equal_values_the_first_image_and_position_win():
    maps = torch.zeros(3, 1, 2, 2)
    maps[1:, 0, 1, 0] = maps[1:, 0, 1, 1] = 5
    found = peaks(maps, np.array([4, 6, 9]))
    assert [int(found[key][0]) for key in ("value", "image", "y", "x")] == [5, 6, 1, 0]


def test_a_channel_is_compared_with_itself_at_the_end():
    rng = np.random.default_rng(0)
    before, last = rng.random((4, 9), dtype=np.float32), rng.random((4, 9), dtype=np.float32)
    before[1], last[2], before[3] = 5 * last[1] + 2, 0, 7  # answers the same; ends dead; never changed before
    found = settled(before, last)
    assert found["alike"][0] == pytest.approx(np.corrcoef(before[0], last[0])[0, 1], abs=1e-6)
    assert found["alike"][[1, 3]] == pytest.approx([1, 0], abs=1e-6)
    assert np.isnan(found["alike"][2])
    assert found["same"].tolist() == [before[c].argmax() == last[c].argmax() for c in range(4)]
