"""What is remembered of a comparison is what was compared, and nothing else."""

import numpy as np
import pytest

from convscope.check import memory

SHORTER = np.full(120, 64)


@pytest.fixture
def compared(tmp_path, monkeypatch) -> list[int]:
    """How many pictures were compared, each time they were."""
    counts: list[int] = []

    def find_copies(thumbnails: np.ndarray, shorter: np.ndarray) -> memory.Pairs:
        counts.append(len(thumbnails))
        return memory.Pairs(np.array([1]), np.array([7]), np.array([0.75]), np.array([True]))

    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path))
    monkeypatch.setattr(memory, "find_copies", find_copies)
    return counts


def noise(count: int = 120) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def test_the_same_pictures_are_compared_once(compared):
    first, second = memory.copies(noise(), SHORTER), memory.copies(noise(), SHORTER)
    assert compared == [120]
    assert [part.tolist() for part in vars(first).values()] == [
        part.tolist() for part in vars(second).values()
    ]
    assert (second.mirrored.dtype, second.details.dtype) == (bool, float)


def test_one_other_pixel_or_size_is_another_comparison(compared):
    memory.copies(noise(), SHORTER)
    other, smaller = noise(), SHORTER.copy()
    other[119, 31, 31, 2] ^= 1
    smaller[3] = 20
    memory.copies(other, SHORTER)
    memory.copies(noise(), smaller)
    assert compared == [120, 120, 120]


def test_a_damaged_memory_costs_a_second_comparison(compared, tmp_path):
    memory.copies(noise(), SHORTER)
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-9])
    assert memory.copies(noise(), SHORTER).first.tolist() == [1]
    assert compared == [120, 120]


def test_few_pictures_and_a_cache_that_is_off_leave_nothing_behind(compared, tmp_path, monkeypatch):
    memory.copies(noise(99), SHORTER[:99])
    monkeypatch.setenv("CONVSCOPE_CACHE", "off")
    memory.copies(noise(), SHORTER)
    assert list(tmp_path.rglob("*.*")) == []
