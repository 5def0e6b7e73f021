import numpy as np
import pytest
import torch
from small_networks import photo, pooled

from convscope.errors import Unanswerable
from convscope.lenses.activation import ActivationMap
from convscope.plain.unit import Unit


def test_each_pixel_shows_the_position_whose_field_centre_is_nearest():
    model = pooled()
    with torch.no_grad():
        maps = model.module.maps(model.preprocess(photo())[None])[0, 3]
    seen = ActivationMap()(model, Unit("relu#2", 3), photo())
    boxes = model.layer("relu#2").field
    for y, x in [(0, 0), (3, 5), (6, 6), (11, 2), (11, 11)]:
        distance = [
            abs((box.top + box.bottom) / 2 - y - 0.5) + abs((box.left + box.right) / 2 - x - 0.5)
            for box in (boxes.unclipped(*divmod(place, 5)) for place in range(25))
        ]
        assert seen.array[y, x, 0] == pytest.approx(float(maps.ravel()[int(np.argmin(distance))]), rel=1e-6)


def test_the_grid_is_the_networks_own():
    model = pooled()
    with torch.no_grad():
        maps = model.module.maps(model.preprocess(photo())[None])[0, 3]
    np.testing.assert_allclose(ActivationMap().grid(model, Unit("relu#2", 3), photo()), maps, rtol=1e-6)


def test_it_says_where_the_cells_sit():
    seen = ActivationMap()(pooled(), Unit("relu#2", 3, (1, 1)), photo())
    # fields of 5, the first from -1 to 4: its middle is 1.5
    assert "cell (y, x) is centred at pixel (1.5 + 2 y, 1.5 + 2 x)" in seen.validity.sentence
    assert "a field of 5 x 5" in seen.validity.sentence


def test_one_number_is_no_map():
    with pytest.raises(
        Unanswerable, match=r"head:1 of Pooled is one number, .*choose a layer with positions"
    ):
        ActivationMap()(pooled(), Unit("head", 1), photo())
