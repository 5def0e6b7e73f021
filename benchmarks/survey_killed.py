"""Surveys killed by SIGKILL at random moments, shared among processes and started by torchrun: are the bytes the same?

Run: ``python benchmarks/survey_killed.py [KILLS]``; writes survey_killed.json beside itself.
"""

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from convscope.model.store import save_model
from convscope.nets.open import open_model

# every unit is saved at once: as many moments to be killed in as there can be
MAIN = "from convscope.survey import job; job.SAVED_EVERY = 0.0; from convscope.cli import main; main()"
COMMAND = [sys.executable, "-c", MAIN, "survey"]
SETTINGS = ["--batch", "2", "--photos", "2"]


def draw_pictures(folder: Path, count: int = 120) -> None:
    rng = np.random.default_rng(0)
    for row in range(count):
        path = folder / f"class{row % 3}" / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)


def words(place: Path, into: Path) -> list[str]:
    return [str(place / "net"), "--data", str(place / "data"), "--into", str(into), *SETTINGS]


def run(
    place: Path, into: Path, *more: str, kill_after: float | None = None, start: list[str] = COMMAND
) -> float:
    """Seconds it took; kills the process where asked."""
    began = time.monotonic()
    process = subprocess.Popen([*start, *words(place, into), *more], env=os.environ | {"OMP_NUM_THREADS": "1"},
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    try:
        _, said = process.communicate(timeout=kill_after)
        assert process.returncode == 0, said.decode()
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return time.monotonic() - began


def files(root: Path) -> dict[str, bytes]:
    found = {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }
    manifest = json.loads(found["atlas.json"])
    del manifest["provenance"]
    return found | {"atlas.json": json.dumps(manifest).encode()}


def main(kills: int) -> None:
    rng = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        save_model(open_model("96c5 p2 96c3 gap", input_size=32, classes=3), place / "net")
        draw_pictures(place / "data")
        seconds = run(place, place / "whole")
        whole = files(place / "whole")
        same = 0
        for number in range(kills):
            into = place / f"killed-{number}"
            for _ in range(rng.randint(1, 3)):
                run(place, into, kill_after=rng.uniform(0.3, 1.0) * seconds)
            run(place, into)
            same += files(into) == whole
            print(f"{number + 1} of {kills} killed, {same} the same", flush=True)
        for _ in ("count", "draw"):
            for shard in ("3/3", "1/3", "2/3"):
                run(place, place / "shards", "--shard", shard)
        run(place, place / "shards")
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
                    "--no-python", *COMMAND]  # fmt: skip
        run(place, place / "together", start=torchrun)
        result = {
            "killed": kills, "same bytes after": same, "files compared": len(whole),
            "three shards the same": files(place / "shards") == whole,
            "torchrun of two processes the same": files(place / "together") == whole,
            "seconds of an undisturbed run": round(seconds, 1),
            "python": platform.python_version(), "torch": torch.__version__, "machine": platform.machine(),
            "cores": os.cpu_count(), "date": time.strftime("%Y-%m-%d"),
        }  # fmt: skip
    print(json.dumps(result, indent=1))
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
