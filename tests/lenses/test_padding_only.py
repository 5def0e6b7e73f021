"""A unit that sees only padding has no box in the picture, and the caption says why."""

import numpy as np
import pytest
from torch import nn

import convscope as cs


def padded(how: str):
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=6), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 18 * 18, 2))
    return cs.open_model(net, input_size=cs.Fit(8, 8, how=how), mean=0.5, std=0.5)


@pytest.mark.parametrize("lens", ["deconvnet", "gradient", "occlusion", "effective-field", "smoothgrad"])
@pytest.mark.parametrize("place", ["0,0", "0,8"])  # beyond a corner, above an edge
def test_beyond_the_border_of_the_input(lens, place):
    picture = np.arange(20 * 20 * 3, dtype=np.uint8).reshape(20, 20, 3)
    seen = cs.look(padded("stretch"), picture, f"0:0@{place}", lens)
    assert seen.box is None
    assert "The unit sees only padding here, no pixel of the picture" in seen.caption
    assert not seen.array.any()


def test_beside_a_narrow_picture():
    picture = np.zeros((80, 20, 3), np.uint8)  # 2 of the 8 columns that the network is shown
    seen = cs.look(padded("pad"), picture, "0:0@9,6", "gradient")  # sees columns 0 to 2
    assert seen.input_box.width == 3
    assert seen.box is None
    assert "no pixel of the picture" in seen.caption
    inside = cs.look(padded("pad"), picture, "0:0@9,9", "gradient")
    assert inside.box is not None
    assert inside.box.width > 0
    assert "padding" not in inside.caption
