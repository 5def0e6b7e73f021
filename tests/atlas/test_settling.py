"""When a layer has become what it ends as, on planted correlations."""

import numpy as np
import pytest

from convscope.atlas.settling import settling

EPOCHS = np.array([0, 1, 2, 5])


def kept(*alike):
    rows = np.array(alike, dtype=np.float32)
    return {"epoch": EPOCHS, "alike": rows, "same": np.arange(4) >= np.array([[3], [2], [0]])[: len(rows)]}


def test_settled_is_where_the_mean_stays_above_nine_tenths_and_dead_channels_do_not_count():
    nothing = [np.nan] * 4
    found = settling(kept([0.1, 0.95, 0.8, 1], [0.3, 0.97, 0.9, 1], nothing))
    assert found is not None
    assert found.since == 5  # at epoch 2 it fell back to 0.85
    assert found.channels == 2
    assert np.allclose(found.alike, (0.2, 0.96, 0.85, 1))
    assert found.same == (0, 0, 0.5, 1)


@pytest.mark.parametrize(
    ("alike", "words"), [((0.95, 0.91, 0.99, 1), "epoch 0"), ((0.95, 1, 0.8, 1), "the last epoch")]
)
def test_where_it_starts_is_said_in_words(alike, words):
    found = settling(kept(alike))
    assert found is not None
    assert found.starting == words


def test_nothing_is_said_where_nothing_was_measured():
    assert settling({"epoch": EPOCHS}) is None
    assert settling(kept([np.nan] * 4)) is None
