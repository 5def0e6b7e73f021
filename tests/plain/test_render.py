import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from convscope.errors import BadOutput
from convscope.plain.boxes import Box
from convscope.plain.pixelmap import PixelMap
from convscope.plain.render import (
    encode,
    full_scale,
    heat,
    save_png,
    scale_tile,
    signed,
    tile_box,
    unsigned,
    window,
)
from convscope.plain.validity import Validity

MAPS = arrays.arrays(np.float32, (5, 6, 3), elements=st.floats(-1000, 1000, width=32))


def literal_window(image: np.ndarray, left: int, top: int, width: int, height: int, fill: int) -> np.ndarray:
    """Pixel by pixel."""
    out = np.empty((height, width, image.shape[2]), image.dtype)
    for y in range(height):
        for x in range(width):
            inside = 0 <= top + y < image.shape[0] and 0 <= left + x < image.shape[1]
            out[y, x] = image[top + y, left + x] if inside else fill
    return out


@given(MAPS)
def test_zero_is_exactly_the_same_grey(array):
    array[::2] = 0
    assert (signed(array).pixels[::2] == 128).all()


@given(MAPS)
def test_opposite_values_are_equally_far_from_grey(array):
    up, down = signed(array).pixels.astype(int), signed(-array).pixels.astype(int)
    assert (up + down == 256).all()


@given(MAPS)
def test_a_larger_value_is_never_darker(array):
    order = np.argsort(array.ravel())
    assert (np.diff(signed(array).pixels.ravel()[order].astype(int)) >= 0).all()


def test_full_colour_is_reached_at_the_stated_scale():
    array = np.array([[[2.0], [-2.0], [1.0], [4.0]]], dtype=np.float32)
    pixels, scale = signed(array, 2.0)
    assert scale == 2.0
    assert pixels[0, :, 0].tolist() == [255, 1, 192, 255]
    assert (pixels[:, :, 0] == pixels[:, :, 2]).all()  # one channel is grey


def test_the_scale_is_the_percentile_of_what_is_not_zero():
    array = np.zeros((50, 50, 1), dtype=np.float32)
    array[0, :11, 0] = np.arange(-5, 6)
    assert full_scale(array) == pytest.approx(np.percentile([1, 1, 2, 2, 3, 3, 4, 4, 5, 5], 99.5))


def test_a_map_of_zeros_is_grey():
    pixels, scale = signed(np.zeros((3, 4, 3), dtype=np.float32))
    assert scale == 0
    assert (pixels == 128).all()


def test_a_map_without_signs_runs_from_black_to_white():
    array = np.array([[-1.0, 0.0, 1.0, 2.0, 9.0]])
    assert unsigned(array, 2.0).tolist() == [[0, 0, 128, 255, 255]]
    assert unsigned(array, 0.0).tolist() == [[0, 0, 0, 0, 0]]


@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 9), st.integers(1, 9))
def test_a_window_equals_the_literal_loop(left, top, width, height):
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    expected = literal_window(image, left, top, width, height, 200)
    assert np.array_equal(window(image, (left, top, width, height), 200), expected)


@pytest.mark.parametrize(
    ("field", "tile"),
    [
        (Box(3, 4, 8, 10), (3, 4, 5, 6)),
        (Box(-3, -2, 4, 5), (-3, -2, 7, 7)),
        (Box(-90, -80, 110, 120), (0, 0, 30, 20)),
        (Box(-5, 3, 45, 9), (0, 3, 30, 6)),
    ],
)
def test_a_tile_shows_the_field_or_the_image_where_that_is_smaller(field, tile):
    assert tile_box(field, height=20, width=30) == tile


def test_few_pixels_become_squares():
    image = np.arange(4, dtype=np.uint8).reshape(2, 2, 1)
    assert np.array_equal(scale_tile(image, 8), image.repeat(4, axis=0).repeat(4, axis=1))


def test_many_pixels_are_averaged_and_opposites_cancel():
    image = np.tile(np.array([[1.0], [-1.0]], dtype=np.float32), (32, 32, 1)).reshape(64, 32, 1)
    assert np.abs(scale_tile(image[:, :32].repeat(2, axis=1), 16)).max() < 1e-6


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
def test_png_keeps_every_pixel_and_no_metadata(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    picture = Image.open(io.BytesIO(encode(pixels)))
    assert np.array_equal(np.asarray(picture), pixels.reshape(np.asarray(picture).shape))
    assert picture.info == {}


@pytest.mark.parametrize("side", [48, 64, 80])
def test_neighbouring_tiles_of_a_jpeg_mix_in_their_last_pixel_only(side):
    colours = np.array([[(255, 0, 0), (0, 0, 255)], [(128, 128, 128), (0, 255, 0)]], dtype=np.uint8)
    tiles = colours.repeat(side, axis=0).repeat(side, axis=1)
    picture = np.asarray(Image.open(io.BytesIO(encode(tiles, "JPEG"))))
    inner = np.arange(side * 2) % side
    inside = np.ix_((inner > 0) & (inner < side - 1), (inner > 0) & (inner < side - 1))
    assert np.abs(picture.astype(int) - tiles)[inside].max() <= 3
    assert (picture[side + 1 :, : side - 1] == 128).all()  # zero of a projection is exactly mid-grey


def test_a_pixel_map_saves_itself(tmp_path):
    array = np.linspace(-1, 1, 48, dtype=np.float32).reshape(4, 4, 3)
    seen = PixelMap(array, "units", Box(0, 0, 4, 4), None, "caption", Validity("exact", "exact."))
    path = seen.save(tmp_path / "map.png")
    assert np.array_equal(np.asarray(Image.open(path)), signed(array).pixels)


def over(value: float, picture: np.ndarray) -> np.ndarray:
    """One pixel of value over one of a picture, on a scale of 2."""
    return heat(np.full((1, 1, 1), value, np.float32), picture, 2.0).pixels[0, 0].astype(int)


def test_where_a_map_is_zero_only_the_dimmed_picture_is_left():
    picture = np.array([[[30, 60, 210]]], np.uint8)
    assert over(0.0, picture).tolist() == [55] * 3  # 0.55 of the mean
    assert heat(np.zeros((2, 2, 1), np.float32), np.zeros((2, 2, 3), np.uint8)).pixels.max() == 0


def test_orange_is_more_and_blue_is_less_and_neither_is_louder():
    black = np.zeros((1, 1, 3), np.uint8)
    more, less = over(2.0, black), over(-2.0, black)
    assert more[0] > more[1] > more[2]
    assert less[2] > less[1] > less[0]
    luminance = np.array([0.2126, 0.7152, 0.0722])
    lightness = [luminance @ (colour / 255) ** 2.2 for colour in (more, less)]
    assert lightness[0] == pytest.approx(lightness[1], rel=0.1)
    assert over(9.0, black).tolist() == more.tolist()
    assert over(1.0, black).tolist() == pytest.approx(more / 2, abs=1)


def test_a_map_with_a_picture_is_drawn_over_it_and_shown_in_notebooks():
    array = np.zeros((4, 4, 1), np.float32)
    array[1, 2] = 3.0
    picture = np.full((4, 4, 3), 100, np.uint8)
    seen = PixelMap(
        array, "units", Box(0, 0, 4, 4), None, "a <caption>", Validity("exact", "exact."), 1.0, picture
    )
    assert seen.pixels()[0, 0].tolist() == [55] * 3
    assert Image.open(io.BytesIO(seen._repr_png_())).size == (4, 4)
    assert "a &lt;caption&gt;" in seen._repr_html_()
    assert "data:image/png;base64," in seen._repr_html_()


@pytest.mark.parametrize(
    ("height", "width", "side"), [(224, 224, 64), (5, 5, 64), (63, 40, 64), (31, 31, 120)]
)
def test_a_colour_picture_is_scaled_as_its_colours_are_one_by_one(height, width, side):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    alone = [scale_tile(picture[:, :, [colour]], side) for colour in range(3)]
    assert np.array_equal(scale_tile(picture, side), np.concatenate(alone, axis=2))


def test_a_picture_of_numbers_is_not_called_what_it_is_not(tmp_path):
    with pytest.raises(BadOutput, match=r"seen\.JPG would hold a PNG.*call it seen\.png"):
        save_png(tmp_path / "seen.JPG", np.zeros((2, 2, 3), np.uint8))
    assert not list(tmp_path.iterdir())
    with Image.open(save_png(tmp_path / "seen", np.zeros((2, 2, 3), np.uint8))) as seen:
        assert seen.format == "PNG"
