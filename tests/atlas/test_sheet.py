import numpy as np
import pytest

from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.atlas.sheet import GAP, draw_sheet
from convscope.errors import BadAtlas

from .conftest import NAMES

BLOCK, KERNELS = 24 + 2 + 24, 20 + GAP  # 3 tiles of 8 pixels, twice; the picture of kernels above


def greys(part: np.ndarray) -> list[int]:
    """Mean grey of each of the 3 x 3 tiles."""
    return part[:, :, 0].reshape(3, 8, 3, 8).mean(axis=(1, 3)).round().astype(int).ravel().tolist()


def test_the_strongest_come_first_projections_beside_patches(folder):
    page = draw_sheet(open_atlas(folder), "relu1", 2)
    for place, channel in enumerate((1, 3)):  # maximum 3 and 2
        block = page[KERNELS:, place * (BLOCK + GAP) :][:24, :BLOCK]
        expected = np.arange(18) * 3 + channel * 60
        assert np.abs(np.subtract(greys(block[:, :24]), expected[9:])).max() <= 2  # JPEG
        assert np.abs(np.subtract(greys(block[:, 26:]), expected[:9])).max() <= 2
    assert page.shape == (KERNELS + 24, 2 * BLOCK + GAP, 3)


def test_kernels_stand_above(folder):
    assert (draw_sheet(open_atlas(folder), "relu1", 1)[:20, :30] == 77).all()


def test_more_channels_than_a_row_holds_go_below(folder):
    assert draw_sheet(open_atlas(folder), "relu1", 99).shape == (
        KERNELS + 24 + GAP + 24,
        3 * BLOCK + 2 * GAP,
        3,
    )


def test_a_layer_without_pictures_names_the_next_step(folder):
    with pytest.raises(BadAtlas, match=r"block/2.add#2 has no pictures yet: run `convscope survey` again"):
        draw_sheet(open_atlas(folder), NAMES[1], 4)


def test_a_missing_strip_is_named(folder):
    layout.strip_file(folder, "relu1", 1).unlink()
    with pytest.raises(BadAtlas, match=r"cannot read .*relu1/strips/1.jpg: run `convscope survey` again"):
        draw_sheet(open_atlas(folder), "relu1", 4)
