"""Trainings stopped at every step and killed by SIGKILL at random moments: are the weights the same to the bit?

Run: ``python benchmarks/train_killed.py [--kills 200] [--minutes 60] [--workers 0 1 2]``; writes train_killed.json
beside itself as it goes, and keeps the numbers of workers there that are not asked for. Each training is a fork
of this process, which has imported torch once; a killed one is started again until it has finished.
"""

import argparse
import json
import os
import platform
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from convscope.errors import Interrupted
from convscope.train import saving
from convscope.train.checkpoint import read_checkpoint
from convscope.train.events import Step
from convscope.train.loop import train

RESULT = Path(__file__).with_suffix(".json")
STEPS, WORKERS = 60, (0, 1, 2)
# dropout, batch norm, momentum, averaged weights and augmentation all have something to forget
RECIPE = {"net": "8c3bn p2 d0.2 fc16", "imgsz": 16, "epochs": 6, "batch": 8, "ema": 0.9, "balance": "sampler",
          "augment": "strong", "threads": 1}  # fmt: skip


def draw_pictures(folder: Path, count: int = 100) -> None:
    chance = np.random.default_rng(0)
    for row in range(count):
        path = folder / f"class{row % 3}" / f"{row}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (24, 20, 3), dtype=np.uint8)).save(path)


def settings(place: Path, name: str, **more: object) -> dict:
    resume = (place / "runs" / name / "config.yaml").is_file()
    return RECIPE | {"out": str(place / "runs"), "name": name, "resume": resume, **more}


def end(place: Path, name: str) -> tuple[dict, list]:
    """All tensors of the last checkpoint, and the losses of every epoch."""
    tensors, about = read_checkpoint(place / "runs" / name / "checkpoints/last.safetensors")
    losses = [(row["loss"], row["accuracy"], row["val_loss"]) for row in about["history"]]
    return tensors, [losses, about["step"], about["running"]]


def same(one: tuple[dict, list], other: tuple[dict, list]) -> bool:
    tensors = one[0].keys() == other[0].keys() and all(torch.equal(t, other[0][n]) for n, t in one[0].items())
    return tensors and one[1] == other[1]


def stop_at(step: int):
    def listen(event: object) -> None:
        if isinstance(event, Step) and event.step == step:
            os.kill(os.getpid(), signal.SIGINT)

    return listen


def stopped_at_every_step(place: Path, whole: tuple[dict, list], workers: int) -> int:
    """How many of the steps at which a training was stopped led to the same weights."""
    equal = 0
    for step in range(1, STEPS + 1):
        name = f"stopped-{workers}-{step}"
        try:
            train(str(place / "data"), **settings(place, name, workers=workers), on_progress=stop_at(step))
        except Interrupted:
            other = WORKERS[(workers + 1) % len(WORKERS)]  # resumed with another number of threads
            train(str(place / "data"), **settings(place, name, workers=other))
        equal += same(whole, end(place, name))
    return equal


def in_a_fork(place: Path, name: str, kill_after: float | None) -> tuple[bool, bool, str]:
    """(whether it finished, whether it was killed, what went wrong) of a training in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = b""
        try:
            saving.SAVE_EVERY = saving.SAVE_WITHIN = 0.0  # after every step: many moments to be killed in
            train(str(place / "data"), **settings(place, name))
        except BaseException as error:  # a child must never unwind into its parent's folders
            said = f"{type(error).__name__}: {error}".encode()
        os.write(writer, said)
        os._exit(1 if said else 0)
    os.close(writer)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0, os.WIFSIGNALED(status), said


def killed_at_random(
    place: Path, whole: tuple[dict, list], kills: int, minutes: float
) -> Iterator[dict[str, object]]:
    """Kill until so many kills have hit a running training, or the time is over; every run is brought to its end."""
    chance, began = random.Random(0), time.monotonic()
    in_a_fork(place, "undisturbed", None)
    seconds = time.monotonic() - began
    done = runs = equal = 0
    unreadable: list[str] = []
    while done < kills and time.monotonic() - began < minutes * 60:
        runs += 1
        name = f"killed-{runs}"
        finished = False
        while not finished:
            if not (place / "runs" / name / "config.yaml").is_file():  # killed before it could be resumed
                shutil.rmtree(place / "runs" / name, ignore_errors=True)
            moment = chance.uniform(0, seconds) if done < kills and chance.random() < 0.8 else None
            finished, killed, said = in_a_fork(place, name, moment)
            done += killed
            if not finished and not killed:
                unreadable.append(said)
                break
        equal += finished and same(whole, end(place, name))
        yield {"kills": done, "asked": kills, "runs": runs, "runs equal to the bit": equal,
               "unreadable": len(unreadable), "said": unreadable[:5],
               "seconds of an undisturbed run": round(seconds, 2)}  # fmt: skip


def main(kills: int, minutes: float, workers: list[int]) -> None:
    torch.set_num_threads(1)
    began = time.monotonic()
    result = json.loads(RESULT.read_text("utf-8")) if RESULT.is_file() else {}
    stopped = result.setdefault("stopped and resumed at every step, equal to the bit", {})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        draw_pictures(place / "data")
        train(str(place / "data"), **settings(place, "whole"))
        whole = end(place, "whole")
        assert whole[1][1] == STEPS
        for number in workers:
            stopped[f"workers {number}"] = stopped_at_every_step(place, whole, number)
            told(result, began)
        for result["killed"] in killed_at_random(place, whole, kills, minutes):
            told(result, began)


def told(result: dict, began: float) -> None:
    """Write and print what is measured so far."""
    result |= {
        "steps": STEPS, "recipe": RECIPE, "python": platform.python_version(), "torch": torch.__version__,
        "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1), "seconds": round(time.monotonic() - began),
        "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip
    tried = result["stopped and resumed at every step, equal to the bit"]
    result["not run"] = [number for number in WORKERS if f"workers {number}" not in tried]
    result.pop("incomplete", None)
    print(json.dumps(result), flush=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60, help="start no new killed training after these")
    parser.add_argument("--workers", type=int, nargs="*", default=WORKERS)
    asked = parser.parse_args()
    main(asked.kills, asked.minutes, asked.workers)
