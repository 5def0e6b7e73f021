"""A planted problem that a tiny network learns in seconds: bright top or bright bottom."""

import os
import signal
from collections.abc import Callable

import numpy as np
import pytest

from convscope.images import open_images
from convscope.images.source import Images
from convscope.train.events import Step


def plant(count: int = 48, side: int = 12, classes: tuple[str, ...] = ("bottom", "top")) -> Images:
    chance = np.random.default_rng(0)
    pixels = chance.integers(0, 120, (count, side, side, 3), dtype=np.uint8)
    labels = np.arange(count) % len(classes)
    for row, label in enumerate(labels):
        half = slice(side // 2) if label else slice(side // 2, None)
        pixels[row, half] += 100
    return open_images(pixels, labels=labels, classes=classes)


@pytest.fixture(scope="session")
def planted() -> Callable[..., Images]:
    return plant


@pytest.fixture
def images() -> Images:
    return plant()


@pytest.fixture
def quick(tmp_path) -> dict:
    """A recipe that trains in a moment, with dropout and batch norm so that both are tested."""
    return {
        "net": "6c3bn p2 d0.2 fc8",
        "epochs": 4,
        "batch": 16,
        "lr": 0.01,
        "out": str(tmp_path / "runs"),
        "name": "run",
        "threads": 1,
    }


@pytest.fixture(scope="session")
def stop_at() -> Callable[[int], Callable]:
    """A listener that interrupts the run at one step."""

    def listener(step: int) -> Callable:
        def listen(event):
            if isinstance(event, Step) and event.step == step:
                os.kill(os.getpid(), signal.SIGINT)

        return listen

    return listener
