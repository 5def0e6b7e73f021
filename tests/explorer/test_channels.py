import re

import numpy as np
import pytest

from convscope.errors import UnknownName
from convscope.explorer.channels import cards
from convscope.explorer.charts import histogram
from convscope.explorer.panel import panel

from .synthetic import LABELS


def test_the_favourite_class_is_that_of_the_literal_definition(atlas):
    peaks = atlas.numbers("relu1")["class_peak"]
    for card, row in zip(cards(atlas, atlas.layer("relu1")), peaks.tolist(), strict=True):
        best = max(row)
        others = sum(value for value in row if value != best) / 3
        assert card.selectivity == pytest.approx((best - others) / (best + others))
        assert card.favourite == row.index(best)


def test_an_interval_is_given_where_spreads_are_kept_and_nowhere_else(atlas, half_made):
    index, low, high = panel(atlas, atlas.layer("relu1"), 4).selectivity
    assert low <= index <= high
    assert np.isnan(panel(half_made, half_made.layer("relu1"), 4).selectivity[1:]).all()


def test_class_bars_carry_the_standard_error_of_their_images(atlas):
    numbers, labels = atlas.numbers("relu1"), list(LABELS)
    shown = panel(atlas, atlas.layer("relu1"), 4).class_peaks
    assert [entry.mean for entry in shown] == sorted(numbers["class_peak"][4].tolist(), reverse=True)
    for entry in shown:
        half = 1.96 * numbers["class_spread"][4, entry.index] / labels.count(entry.index) ** 0.5
        assert (entry.mean - entry.low, entry.high - entry.mean) == pytest.approx((half, half))


def test_neighbours_are_the_most_correlated_channels(atlas):
    correlation = np.corrcoef(atlas.peaks("relu1")["peak"])[4]
    ranked = [c for c in np.argsort(-correlation).tolist() if c != 4 and correlation[c] > 0][:4]
    found = panel(atlas, atlas.layer("relu1"), 4).neighbours
    assert [one.channel for one in found["same"]] == ranked
    assert [one.layer for one in found["after"]] == ["layer2.0.relu#2"] * 4
    assert found["before"] == []


def test_one_scale_takes_the_contrast_that_the_tile_had_gained(atlas):
    scale = atlas.numbers("relu1")["scale"]
    for winner in panel(atlas, atlas.layer("relu1"), 4).winners:
        left = [1 - lost for lost in winner.evened]
        assert left == pytest.approx(
            [scale[4, winner.rank] / scale[4].max(), scale[4, winner.rank] / scale.max()]
        )


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
    tops = [96 - int(top) for top in re.findall(r"V(\d+)h96V96h10.67", drawn)]  # three columns on 320 units
    assert tops == [0, 48, 96]
    assert "4 activations from 0 to 3" in drawn
