import re

import numpy as np
import pytest

from convscope.errors import UnknownName
from convscope.explorer.channels import cards, panel, selectivity
from convscope.explorer.charts import histogram


def test_selectivity_is_that_of_morcos():
    rng = np.random.default_rng(0)
    means = rng.random((5, 4))
    index, favourite = selectivity(means)
    for channel, row in enumerate(means.tolist()):  # the literal definition
        best = max(row)
        others = sum(value for value in row if value != best) / 3
        assert index[channel] == pytest.approx((best - others) / (best + others))
        assert row[favourite[channel]] == best


def test_a_channel_that_is_silent_for_all_classes_has_no_favourite():
    index, favourite = selectivity(np.array([[0.0, -1.0], [np.nan, np.nan]]))
    assert index.tolist() == [0, 0]
    assert favourite.tolist() == [-1, -1]


def test_cards_point_at_their_place_on_the_sheet(atlas):
    card = cards(atlas, atlas.layer("layer2.0.relu#2"))[64 + 19]
    assert (card.sheet, card.column, card.row) == (1, 3, 2)
    assert [card.channel for card in cards(atlas, atlas.layer("relu1")) if card.dead] == [2]


def test_winners_carry_the_box_that_the_channel_saw(atlas):
    layer = atlas.layer("relu1")
    numbers = atlas.numbers("relu1")
    for winner in panel(atlas, layer, 4).winners:
        y, x = numbers["y"][4, winner.rank], numbers["x"][4, winner.rank]
        top, left = max(0, 2 * y - 2), max(0, 2 * x - 2)  # kernel 5, stride 2, two pixels of padding
        assert winner.box == (left, top, min(32, 2 * x + 3), min(32, 2 * y + 3))


def test_an_unknown_channel_is_refused_with_its_range(atlas):
    with pytest.raises(UnknownName, match=r"unknown channel '10'.*channels 0 to 9"):
        panel(atlas, atlas.layer("relu1"), 10)


def test_a_histogram_draws_each_count_as_its_logarithm():
    drawn = str(histogram(np.array([0, 1, 3]), np.array([0.0, 1, 2, 3])))
    heights = [float(height) for height in re.findall(r"v-([\d.]+)h", drawn)]
    assert heights == pytest.approx([48, 96])
    assert "4 activations from 0 to 3" in drawn
