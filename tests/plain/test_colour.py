"""OKLCH against the pairs that its author publishes, and CSS."""

import numpy as np
import pytest

from convscope.plain.colour import CONES, LINEAR, oklch


@pytest.mark.parametrize("grey", [0.0, 0.2, 0.5, 1.0])
def test_without_chroma_every_hue_is_grey(grey):
    assert len({*oklch(grey, 0, 20), *oklch(grey, 0, 250)}) == 1


@pytest.mark.parametrize(("xyz", "lab"), [
    ((0.950, 1.000, 1.089), (1.000, 0.000, 0.000)), ((1.000, 0.000, 0.000), (0.450, 1.236, -0.019)),
    ((0.000, 1.000, 0.000), (0.922, -0.671, 0.263)), ((0.000, 0.000, 1.000), (0.153, -1.415, -0.449)),
])  # fmt: skip
def test_the_pairs_of_the_article(xyz, lab):
    """Its table from CIE XYZ to OKLab, here turned round; linear sRGB by the standard's matrix."""
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    assert LINEAR @ (CONES @ lab) ** 3 == pytest.approx(to_srgb @ xyz, abs=0.02)


def test_the_primaries():
    """As CSS Color 4 gives red and blue in oklch()."""
    assert oklch(0.62796, 0.25768, 29.234) == pytest.approx((255, 0, 0), abs=1)
    assert oklch(0.45201, 0.31321, 264.052) == pytest.approx((0, 0, 255), abs=1)
