import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from convscope.plain.smooth import smooth


def signal(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(40, 31, channels)).astype(np.float32)


@pytest.mark.parametrize("stride", [4.0, 8.0])
def test_lightness_and_colour_are_gaussians_of_scipy(stride):
    array = signal()
    lightness = array.mean(axis=2)
    kinds = {"mode": "constant", "truncate": 12}
    expected = gaussian_filter(lightness, stride / 6, **kinds)[:, :, None] + np.stack(
        [gaussian_filter(array[:, :, c] - lightness, stride * 2 / 5, **kinds) for c in range(3)], axis=2
    )
    np.testing.assert_allclose(smooth(array, stride), expected, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_of_stride_one_is_drawn_as_it_is(channels):
    array = signal(channels)
    difference = np.abs(smooth(array, 1.0) - array).mean(axis=(0, 1))
    assert difference.max() < (1e-6 if channels == 1 else 0.3)  # colour is smoothed a little even there
    assert np.allclose(smooth(array, 1.0).mean(axis=2), array.mean(axis=2), atol=1e-5)


def test_a_grey_map_stays_grey_and_zero_stays_zero():
    assert smooth(np.repeat(signal(1), 3, axis=2), 16.0).std(axis=2).max() < 1e-6
    assert not smooth(np.zeros((5, 7, 3), np.float32), 4.0).any()
