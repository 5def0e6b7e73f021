"""A folder of drawn pictures in two classes, made anew for each test that plants something in it."""

from pathlib import Path

import pytest

from .drawn import drawn


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """``cat/00.png`` … ``cat/11.png`` and as many dogs, all different."""
    for number in range(24):
        folder = tmp_path / "photos" / ("cat" if number < 12 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        drawn(number).save(folder / f"{number % 12:02d}.png")
    return tmp_path / "photos"
