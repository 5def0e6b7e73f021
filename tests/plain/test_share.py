import pytest

from convscope.plain.share import wilson


@pytest.mark.parametrize("total", range(1, 60))
def test_none_and_all_end_an_interval_exactly(total):
    assert wilson(0, total)[0] == 0.0
    assert wilson(total, total)[1] == 1.0
    assert wilson(0, total)[1] == pytest.approx(1 - wilson(total, total)[0])
