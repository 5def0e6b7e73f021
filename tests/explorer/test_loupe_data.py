import numpy as np
import pytest

from convscope.atlas.sight import cells, opening, sight
from convscope.errors import BadAtlas
from convscope.explorer.loupe import script
from convscope.explorer.packed import unpacked

from . import synthetic


@pytest.mark.parametrize("layer", [name for name, *_ in synthetic.LAYERS])
def test_the_script_holds_the_stored_arrays(atlas, layer):
    stored = atlas.loupe(layer)
    for chosen in range(len(synthetic.CHOSEN)):
        data = unpacked(script(atlas, chosen, layer))
        channel = stored["channel"][chosen].ravel()
        np.testing.assert_array_equal(data["channels"], channel)
        np.testing.assert_allclose(
            np.divide(data["scores"], 1000), stored["score"][chosen].ravel(), atol=1e-3
        )
        assert data["present"] == sorted(set(channel.tolist()) - {synthetic.NONE})


def test_cells_lie_in_the_middle_of_what_they_see(atlas):
    layer = atlas.layer("layer2.0.relu#2")
    grid = cells(layer, 32, 32)
    for y, x in ((2, 2), (3, 5)):  # far enough from the border not to be clipped
        box = layer.field.at(y, x)
        assert grid.centre(y, x) == ((box.left + box.right) / 2, (box.top + box.bottom) / 2)


def test_a_single_cell_is_the_whole_image(atlas):
    grid = cells(atlas.layer("head"), 32, 32)
    assert (grid.left, grid.top, grid.width, grid.height) == (0, 0, 32, 32)


def test_the_opening_is_deep_and_as_strong_as_can_be(atlas):
    # given: rows 1 and 3 are named rightly, row 4 is not; head sees the whole image
    first = opening(atlas)
    assert first.sight.layer.name == "layer2.0.relu#2"
    score = atlas.loupe("layer2.0.relu#2")["score"][:2, 0].astype(np.float32)
    chosen, y, x = np.unravel_index(score.argmax(), score.shape)
    assert (first.chosen, first.waypoints[0]) == (chosen, (y, x))
    assert len(first.waypoints) == 3


def test_no_loupe_data_no_opening(atlas, monkeypatch):
    monkeypatch.setattr(type(atlas), "chosen", ())
    assert opening(atlas) is None


def test_arrays_of_another_shape_are_refused(atlas, monkeypatch):
    wrong = {"channel": np.zeros((3, 3, 4, 4), np.uint16), "score": np.zeros((3, 3, 4, 4), np.float16)}
    monkeypatch.setattr(type(atlas), "loupe", lambda self, layer: wrong)
    with pytest.raises(
        BadAtlas, match=r"'relu1' have shape \(3, 3, 4, 4\), not \(3, 3, 16, 16\): survey again"
    ):
        sight(atlas, 0, "relu1")
