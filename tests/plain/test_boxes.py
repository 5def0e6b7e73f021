import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convscope.plain.boxes import Box
from convscope.plain.field import Field

EDGE = st.integers(-20, 40)


@given(EDGE, EDGE, st.integers(0, 30), st.integers(0, 30))
def test_clipping_keeps_exactly_the_pixels_inside(left, top, width, height):
    clipped = Box(left, top, left + width, top + height).clip(12, 15)
    inside = {
        (y, x)
        for y in range(top, top + height)
        for x in range(left, left + width)
        if 0 <= y < 12 and 0 <= x < 15
    }
    kept = {(y, x) for y in range(clipped.top, clipped.bottom) for x in range(clipped.left, clipped.right)}
    assert kept == inside
    assert clipped.width >= 0
    assert clipped.height >= 0


def field(stride: tuple[int, int] | None, start: tuple[int, int] | None) -> Field:
    return Field((3, 3), stride, start, True, np.array([[0, 2], [1, 4]]), np.array([[0, 2], [1, 4], [3, 5]]))


def test_a_position_sees_the_crossing_of_its_row_and_column():
    assert field((2, 2), (-1, -1)).at(1, 2) == Box(left=3, top=1, right=5, bottom=4)


def test_unclipped_reaches_beyond_the_image():
    assert field((2, 2), (-1, -1)).unclipped(0, 0) == Box(-1, -1, 2, 2)


def test_without_one_formula_the_clipped_box_is_all_there_is():
    assert field(None, None).unclipped(1, 2) == field(None, None).at(1, 2)
