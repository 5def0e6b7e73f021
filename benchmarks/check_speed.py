"""How long `check` takes for 10,000 photos, the first time and again, and how much memory.

    python benchmarks/check_speed.py FOLDER [--images 10000] [--side 256] [--json FILE]

The photos are made in a temporary folder from quarters and middles of those in FOLDER, each blown up to
``--side`` pixels, so that all differ (halves of symmetric things are mirrored copies, and are found). Every check runs in a process of its own; its seconds are of the clock
and of the processor, with the threads the machine has.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from PIL import Image

PLACES = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5), (0.25, 0.25))
CODE = """
import json, resource, sys, time
from convscope.check.run import check
start, used = time.perf_counter(), time.process_time()
found = check(sys.argv[1])
print(json.dumps({"images": found.images, "seconds": time.perf_counter() - start,
    "cpu_seconds": time.process_time() - used, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    "findings": {one.kind: len(one.groups) for one in found}}))
"""


def make(place: Path, number: int, source: Path, corner: tuple[float, float], side: int) -> None:
    """One photo of half the width and height of its source, in one of ten class folders."""
    with Image.open(source) as photo:
        left, top = (round(share * length) for share, length in zip(corner, photo.size, strict=True))
        part = photo.convert("RGB").crop((left, top, left + photo.width // 2, top + photo.height // 2))
        folder = place / f"class{number % 10}"
        folder.mkdir(exist_ok=True)
        part.resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number:05d}.jpg", quality=90)


def measure(place: Path, cache: Path) -> dict[str, Any]:
    environment = os.environ | {"CONVSCOPE_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(place)], env=environment, capture_output=True, text=True, check=True
    )
    return {
        key: round(value, 2) if isinstance(value, float) else value
        for key, value in json.loads(done.stdout).items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    photos = sorted(
        path for path in asked.folder.rglob("*") if path.suffix.casefold() in (".jpg", ".jpeg", ".png")
    )
    with tempfile.TemporaryDirectory() as temporary:
        place, cache = Path(temporary) / "photos", Path(temporary) / "cache"
        place.mkdir()
        chosen = islice(product(PLACES, photos), asked.images)
        with ProcessPoolExecutor() as pool:
            jobs = [
                pool.submit(make, place, n, photo, corner, asked.side)
                for n, (corner, photo) in enumerate(chosen)
            ]
            for job in jobs:
                job.result()
        time.sleep(3)  # files that changed just now are not remembered
        rows = {"first": measure(place, cache), "again": measure(place, cache)}
    about = {
        "machine": platform.processor() or platform.machine(), "processors": os.cpu_count(), "load": os.getloadavg()[0],
        "numpy": np.__version__, "pillow": PIL.__version__, "side": asked.side, "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip
    print(json.dumps({"about": about, **rows}, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps({"about": about, **rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
