"""Contact sheets, read back pixel by pixel."""

import numpy as np

from convscope.plain.contact import (
    AMBER,
    BARS,
    BLUE,
    LABEL,
    MARGIN,
    bar_sheet,
    contact_sheet,
    scaling,
    strongest,
)

TOP = MARGIN + 3 * LABEL  # of the first map


def test_a_signed_map_has_zero_at_mid_grey_and_every_value_as_a_square():
    maps = np.array([[[0.0, 1.0], [-1.0, 0.5]]], dtype=np.float32)
    scale = scaling(maps)
    page = contact_sheet(maps, np.array([0]), "one", scale)
    tile = page[TOP : TOP + 72, MARGIN : MARGIN + 72]
    levels = np.clip(np.rint(128 + maps[0] / scale.full * 127), 0, 255)
    np.testing.assert_array_equal(tile[:, :, 0], np.kron(levels, np.ones((36, 36))))
    assert tile[0, 0].tolist() == [128, 128, 128, 255]
    assert str(scale) == f"grey 0, white {scale.full:+.3g}, black {-scale.full:+.3g}"


def test_a_rectified_map_goes_from_black_to_white():
    maps = np.array([[[0.0, 2.0]]], dtype=np.float32)
    page = contact_sheet(maps, np.array([0]), "one", scaling(maps))
    assert (page[TOP, MARGIN, 0], page[TOP, MARGIN + 71, 0]) == (0, 255)
    assert str(scaling(maps)) == "black 0, white 2"


def test_a_large_map_is_averaged_as_numbers():
    maps = np.tile(np.array([1.0, -1.0], dtype=np.float32), (1, 288, 144))
    page = contact_sheet(maps, np.array([0]), "one", scaling(maps))
    assert set(page[TOP : TOP + 144, MARGIN : MARGIN + 144, 0].ravel()) == {128}


def test_maps_stand_in_the_order_given_and_the_rest_is_transparent():
    maps = np.stack([np.full((72, 72), level, dtype=np.float32) for level in (0.0, 1.0, 2.0)])
    page = contact_sheet(maps, np.array([2, 0]), "two", scaling(maps))
    first, second = page[TOP, MARGIN], page[TOP, MARGIN + 72 + 6]
    assert (first[0], second[0]) == (255, 0)
    assert page[TOP, MARGIN + 74, 3] == 0


def test_the_strongest_come_first_only_where_not_all_fit():
    maps = np.array([[0.0, 3.0], [9.0, -9.0], [5.0, 5.0]])[:, :, None]
    assert strongest(maps, 3).tolist() == [0, 1, 2]
    assert strongest(maps, 2).tolist() == [1, 2]


def test_bars_are_as_long_as_their_numbers():
    page = bar_sheet(np.array([2.0, -1.0, 0.5]), np.array([0, 1]), "two")
    column = page[:, MARGIN + 3]
    assert abs((column == BLUE).all(axis=1).sum() - BARS * 2 / 3) <= 1
    assert abs((page[:, MARGIN + 24 + 3] == AMBER).all(axis=1).sum() - BARS / 3) <= 1
