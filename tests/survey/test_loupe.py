"""Which channels answer in a cell: the three strongest, counted by hand, the lower number first where they are equal."""

import numpy as np
import pytest

from convscope.survey.loupe import NONE, strongest


@pytest.mark.parametrize("channels", [1, 2, 3, 9])
def test_the_three_strongest_of_every_cell(channels):
    scores = (
        np.random.default_rng(channels).integers(0, 4, (channels, 5, 6)).astype(np.float32)
    )  # many are equal
    ids, best = strongest(scores)
    for y in range(5):
        for x in range(6):
            ranked = sorted((-scores[c, y, x], c) for c in range(channels) if scores[c, y, x] > 0)[:3]
            wanted = [c for _, c in ranked] + [NONE] * (3 - len(ranked))
            assert ids[:, y, x].tolist() == wanted
            assert best[:, y, x].tolist() == [-value for value, _ in ranked] + [0] * (3 - len(ranked))
