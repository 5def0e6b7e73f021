"""Fixtures that several rooms share, and which tests wait to be asked for."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# the same examples in every run; `pytest --hypothesis-profile default` looks for new ones
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

# literal slow versions are modules that tests of several rooms import
sys.path.insert(0, str(Path(__file__).parent / "oracles"))

# nothing is remembered between tests, nor in the folder of whoever runs them
os.environ["CONVSCOPE_CACHE"] = "off"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Heavy campaigns run with ``pytest -m slow`` only."""
    if "slow" in config.option.markexpr:
        return
    heavy = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if item not in heavy]
    config.hook.pytest_deselected(items=heavy)
