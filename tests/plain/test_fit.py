import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from convscope.errors import BadSpec
from convscope.plain.boxes import Box
from convscope.plain.fit import Fit, match_channels, resize

SIZES = [(30, 40), (40, 30), (31, 31), (57, 33), (33, 58), (100, 24), (24, 99), (64, 64), (37, 90)]


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(height * 1000 + width)
    return rng.integers(0, 256, (height, width, channels), dtype=np.uint8)


def torchvision_crop(image: np.ndarray, short: int, side: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision warns about its own optional parts
        from torchvision import transforms

    steps = transforms.Compose([transforms.Resize(short), transforms.CenterCrop(side)])
    return np.asarray(steps(Image.fromarray(image)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("short", "side"), [(24, 24), (32, 28), (37, 24), (29, 28), (20, 28), (64, 56)])
def test_crop_is_torchvisions_resize_and_centre_crop(size, short, side):
    image = noise(*size)
    seen = Fit(side, side, how="crop", resize=short, fill=0).apply(image)
    assert np.array_equal(seen, torchvision_crop(image, short, side))


@pytest.mark.parametrize("size", SIZES)
def test_stretch_is_pillows_resize(size):
    image = noise(*size)
    expected = Image.fromarray(image).resize((20, 28), Image.Resampling.BICUBIC)
    assert np.array_equal(Fit(28, 20, how="stretch", bicubic=True).apply(image), np.asarray(expected))


@pytest.mark.parametrize("size", SIZES)
def test_pad_shows_the_whole_image_in_the_middle_of_the_fill(size):
    seen = Fit(32, 32, fill=7).apply(np.full((*size, 3), 200, dtype=np.uint8))
    rows, columns = np.nonzero((seen == 200).all(axis=2))
    height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
    assert max(height, width) == 32
    assert (height, width) == tuple(max(1, round(side * min(32 / size[0], 32 / size[1]))) for side in size)
    assert 0 <= (32 - height) - 2 * rows.min() <= 1  # the odd pixel goes below
    assert 0 <= (32 - width) - 2 * columns.min() <= 1
    assert set(np.unique(seen)) <= {7, 200}


@pytest.mark.parametrize("how", ["pad", "stretch", "crop"])
def test_an_image_of_the_right_size_passes_untouched(how):
    image = noise(28, 28)
    assert np.array_equal(Fit(28, 28, how=how).apply(image), image)


@settings(max_examples=60, deadline=None)
@given(
    how=st.sampled_from(["pad", "crop", "stretch"]),
    size=st.tuples(st.integers(60, 200), st.integers(60, 200)),
    place=st.tuples(st.floats(0.3, 0.6), st.floats(0.3, 0.6)),
)
def test_a_painted_block_is_found_in_the_mapped_box(how, size, place):
    """Given a white block painted in the source, the box of its bright model pixels leads back to it."""
    height, width = size
    top, left = int(place[0] * height), int(place[1] * width)
    image = np.zeros((height, width, 1), dtype=np.uint8)
    image[top : top + 8, left : left + 8] = 255
    fit = Fit(48, 48, how=how, resize=56, channels=1, fill=0)
    rows, columns = np.nonzero(fit.apply(image)[:, :, 0] > 100)
    if rows.size == 0:
        return  # cropped away
    box = fit.source_box(Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), height, width)
    slack = 2 * max(height, width) / 48 + 1  # antialiasing spreads over one model pixel on either side
    whole = rows.min() > 0 and columns.min() > 0 and rows.max() < 47 and columns.max() < 47
    if whole:
        assert box == pytest.approx((left, top, left + 8, top + 8), abs=slack)
    assert box.left < left + 8
    assert box.top < top + 8


@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)), how=st.sampled_from(["pad", "crop", "stretch"])
)
def test_a_box_never_leaves_the_source(size, how):
    box = Fit(48, 40, how=how).source_box(Box(-5, -5, 60, 60), *size)
    assert 0 <= box.left <= box.right <= size[1]
    assert 0 <= box.top <= box.bottom <= size[0]


@pytest.mark.parametrize(
    ("how", "expected"), [("pad", (0, 0, 80, 40)), ("stretch", (0, 0, 80, 40)), ("crop", (20, 0, 60, 40))]
)
def test_the_whole_input_is_what_was_shown_of_the_source(how, expected):
    assert Fit(20, 20, how=how).source_box(Box(0, 0, 20, 20), 40, 80) == pytest.approx(expected)


def test_colour_becomes_grey_as_in_pillow():
    image = noise(40, 40)
    grey = match_channels(image, 1)[:, :, 0]
    assert np.abs(grey.astype(int) - np.asarray(Image.fromarray(image).convert("L"))).max() <= 1


def test_grey_becomes_colour_by_repetition():
    grey = noise(5, 6, 1)
    assert (match_channels(grey, 3) == grey).all()
    assert match_channels(grey[:, :, 0], 3).shape == (5, 6, 3)


def test_other_channels_are_refused():
    with pytest.raises(BadSpec, match="cannot show an image of 4 channels to a network that takes 3"):
        match_channels(noise(5, 5, 4), 3)


def test_an_unknown_fit_is_refused():
    with pytest.raises(BadSpec, match="unknown fit 'squash': choose pad, crop or stretch"):
        Fit(8, 8, how="squash")


@pytest.mark.parametrize("channels", [1, 3])
def test_resize_keeps_the_channel_axis(channels):
    assert resize(noise(9, 7, channels), (4, 5)).shape == (4, 5, channels)


def test_a_fit_is_plain_data():
    fit = Fit(28, 20, how="crop", resize=32)
    assert Fit(**fit.as_dict()) == fit
