"""What an atlas may hold besides, and what one without it answers."""

import sys
from types import ModuleType

import numpy as np
import pytest

from convscope.atlas import write
from convscope.atlas.read import open_atlas
from convscope.errors import BadAtlas, Unanswerable, UnknownName

from .conftest import CHANNELS, NAMES, K, numbers


def test_an_atlas_without_them_says_which_survey_would_have_them(folder):
    atlas = open_atlas(folder)
    assert atlas.peaks("relu1") is None
    assert not atlas.control
    with pytest.raises(BadAtlas, match=r"has no peaks of relu1: survey again with this version"):
        atlas.neighbours("relu1", 0)
    with pytest.raises(BadAtlas, match=r"has no spread of classes: survey again with this version"):
        atlas.selectivity("relu1")


def test_without_a_word_on_projections_they_are_where_the_pictures_are(folder):
    atlas = open_atlas(folder)
    assert atlas.projected(NAMES[0]).shape == (CHANNELS, K)
    assert atlas.projected(NAMES[0]).all()
    assert not atlas.projected(NAMES[1]).any()


def test_projections_are_where_it_says(folder):
    made = np.zeros((CHANNELS, K))
    made[2, :3] = 1
    write.write_numbers(folder, NAMES[0], numbers() | {"projected": made})
    assert np.array_equal(open_atlas(folder).projected("conv0"), made == 1)


def test_peaks_and_neighbours_come_back(folder):
    peak = np.float32([[1, 2, 3], [2, 4, 6], [3, 2, 1], [5, 5, 5]])
    write.write_peaks(folder, NAMES[0], np.arange(3), peak)
    atlas = open_atlas(folder)
    assert np.array_equal(atlas.peaks("conv0")["peak"], peak)
    near = atlas.neighbours("relu1", 0)
    assert near["channel"].tolist() == [1, 3, 2]  # a channel that never changes is like none
    np.testing.assert_allclose(near["similarity"], [1, 0, -1], atol=1e-6)
    with pytest.raises(UnknownName, match="unknown channel '4': relu1 has channels 0 to 3"):
        atlas.neighbours("relu1", 4)


def test_selectivity_counts_the_images_of_each_class(folder):
    """Given means 3 and 1 with spreads 1 and none, and one image a class, the error is 2 * 1 * 1 / 16."""
    means, spreads = np.tile([3.0, 1.0], (CHANNELS, 1)), np.tile([1.0, 0.0], (CHANNELS, 1))
    write.write_numbers(folder, NAMES[0], numbers() | {"class_peak": means, "class_spread": spreads})
    seen = open_atlas(folder).selectivity("relu1")
    assert (seen["best"].tolist(), seen["index"].tolist()) == ([0] * 4, [0.5] * 4)
    np.testing.assert_allclose(seen["high"] - seen["index"], 1.96 * 2 / 16)


def test_a_frame_without_pandas_names_the_other_way(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(Unanswerable, match=r"pip install pandas, or use atlas.channels\(layer\)"):
        open_atlas(folder).frame("relu1")


def test_a_frame_has_a_column_a_number_and_class(folder, monkeypatch):
    class DataFrame(dict):
        def set_index(self, name):
            return name, self

    pandas = ModuleType("pandas")
    pandas.DataFrame = DataFrame
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    index, columns = open_atlas(folder).frame("relu1")
    assert index == "channel"
    assert {array.shape for array in columns.values()} == {(CHANNELS,)}
    assert np.array_equal(columns["class_peak b"], open_atlas(folder).numbers("relu1")["class_peak"][:, 1])
