"""Tasks shared by threads: every result in its place, and threads only where they help."""

import time
from threading import current_thread, main_thread

import pytest

from convscope.plain.threads import TIMED, TOGETHER, WORTH, in_threads


def slowly(item: int) -> tuple[int, bool]:
    time.sleep(2 * WORTH)
    return item, current_thread() is main_thread()


def quickly(item: int) -> tuple[int, bool]:
    return item, current_thread() is main_thread()


def test_long_tasks_are_shared_after_the_first_few_told_that_they_are_long():
    done = in_threads(slowly, range(5 * TOGETHER + 3))
    assert done == [(item, item < TIMED) for item in range(5 * TOGETHER + 3)]


def test_short_tasks_stay_where_they_are():
    assert in_threads(quickly, range(5 * TOGETHER)) == [(item, True) for item in range(5 * TOGETHER)]


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_a_number_that_is_asked_is_what_is_used(threads):
    assert in_threads(quickly, range(99), threads) == [(item, threads == 0) for item in range(99)]


@pytest.mark.parametrize("threads", [None, 0, 2])
def test_the_first_failure_in_order_is_raised(threads):
    def work(item: int) -> None:
        if item >= 40:
            raise ValueError(item)

    with pytest.raises(ValueError, match=r"^40$"):
        in_threads(work, range(200), threads)
