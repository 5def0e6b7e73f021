"""Several batches at once: the same atlas to the byte, each twin with one batch at a time and notes of its own."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.model.state import undisturbed
from convscope.survey import workers
from convscope.survey.run import survey
from convscope.survey.tally import Tally
from convscope.survey.workers import each, twins

from .small_networks import wrap
from .test_shared_survey import SETTINGS, files, some_images
from .test_survey import small_model


@pytest.fixture
def threads():
    """Sets how many threads torch has, until the test is over."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


class Notes(nn.Module):
    """Notes what it made in itself, and reads it again a little later."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.seen = torch.zeros(1)

    def forward(self, x: Tensor) -> Tensor:
        self.seen = self.conv(x)
        time.sleep(0.02)  # another thread has its turn
        return self.seen.relu().mean((2, 3))


def notes() -> Notes:
    torch.manual_seed(0)
    return Notes().requires_grad_(False)


@pytest.mark.parametrize("model", [small_model, lambda: wrap(notes())], ids=["plain", "notes"])
def test_several_at_once_count_to_the_byte_what_one_counts(tmp_path, threads, model):
    for count in (1, 3):
        threads(count)  # with three: three twins of one thread each
        survey(model(), some_images(), into=tmp_path / str(count), **SETTINGS | {"batch": 5}, project="none")
    assert files(tmp_path / "3") == files(tmp_path / "1")


def test_twins_share_weights_and_nothing_else(threads):
    threads(2)
    model, twin = twins(wrap(notes()), batch=5)
    assert twin.module.conv.weight is model.module.conv.weight
    noted = model.module.seen.clone()
    twin.module.seen += 1
    assert torch.equal(model.module.seen, noted)


def test_a_tally_takes_batches_from_any_thread():
    maps, rows = torch.randn(300, 6, 2, 2), np.arange(300)
    wanted, found = (Tally(6, 3, 4, 4, rows) for _ in range(2))
    wanted.add(maps, rows, rows % 3, "any")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda row: found.add(maps[[row]], rows[[row]], rows[[row]] % 3, "any"), rows))
    finally:
        sys.setswitchinterval(before)
    for name, array in wanted.state().items():
        np.testing.assert_array_equal(found.state()[name], array, err_msg=name)


def test_a_pass_on_the_processor_leaves_the_flags_of_the_process_alone(monkeypatch):
    changed: list[bool] = []

    class Flags:
        allow_tf32 = property(lambda _: True, lambda _, value: changed.append(value))

    monkeypatch.setattr(torch.backends, "cudnn", Flags())
    with undisturbed(notes()):
        pass
    assert not changed


def test_as_many_as_there_are_threads_for_and_room_for(threads, monkeypatch):
    threads(3)
    model = small_model()
    assert len(twins(model, 5)) == 3
    threads(8)
    assert len(twins(model, 5)) == workers.MOST
    threads(6)
    assert len(twins(model, 5)) == 3  # of two threads each: four would leave two idle
    threads(8)
    largest = max(torch.tensor(layer.shape).prod().item() for layer in model.layers.values())
    monkeypatch.setattr(workers, "ROOM", 2 * 2 * 4 * 5 * largest)  # two batches of five, two maps of each
    assert len(twins(model, 5)) == 2
    monkeypatch.setattr(workers, "ROOM", 1)
    assert twins(model, 5) == [model]


def test_a_module_that_cannot_be_copied_stays_alone(threads):
    threads(2)
    model = wrap(notes())
    model.module.lock = threading.Lock()
    assert twins(model, 5) == [model]


def test_a_model_does_one_item_at_a_time_and_the_cores_are_shared(threads):
    threads(4)
    busy: set[str] = set()
    most: list[int] = []

    def work(model: str, item: int) -> tuple[int, int]:
        assert model not in busy
        busy.add(model)
        most.append(len(busy))
        time.sleep(0.005)
        busy.remove(model)
        return item, torch.get_num_threads()

    done = list(each(["one", "two"], range(20), work))
    assert sorted(done) == [(item, 2) for item in range(20)]
    assert max(most) == 2
    assert torch.get_num_threads() == 4


def test_after_an_exception_no_more_are_begun(threads):
    threads(2)
    begun: list[int] = []

    def work(model: str, item: int) -> int:
        begun.append(item)
        time.sleep(0.02)
        return 1 // item

    items = iter([5, 0, 3, 4, 5, 6, 7, 8])
    with pytest.raises(ZeroDivisionError):
        list(each(["one", "two"], items, work))
    assert len(begun) <= 4
    assert torch.get_num_threads() == 2
