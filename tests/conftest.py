"""Fixtures that several rooms share."""

import os
import sys
from pathlib import Path

# literal slow versions are modules that tests of several rooms import
sys.path.insert(0, str(Path(__file__).parent / "oracles"))

# nothing is remembered between tests, nor in the folder of whoever runs them
os.environ["CONVSCOPE_CACHE"] = "off"
