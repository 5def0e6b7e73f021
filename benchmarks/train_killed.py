"""Trainings stopped at every step and killed by SIGKILL at random moments: are the weights the same to the bit?

Run: ``python benchmarks/train_killed.py [KILLS]``; writes train_killed.json beside itself. Each training is a
fork of this process, which has imported torch once; a killed one is started again until it has finished.
"""

import json
import os
import platform
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from convscope.errors import ConvscopeError, Interrupted
from convscope.train import saving
from convscope.train.checkpoint import read_checkpoint
from convscope.train.events import Step
from convscope.train.loop import train

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


def stopped_at_every_step(place: Path, whole: tuple[dict, list]) -> dict[str, int]:
    """For each number of workers, how many of the steps led to the same weights."""
    counts = {}
    for workers in WORKERS:
        counts[f"workers {workers}"] = 0
        for step in range(1, STEPS + 1):
            name = f"stopped-{workers}-{step}"
            try:
                train(
                    str(place / "data"), **settings(place, name, workers=workers), on_progress=stop_at(step)
                )
            except Interrupted:
                other = WORKERS[(workers + 1) % len(WORKERS)]  # resumed with another number of threads
                train(str(place / "data"), **settings(place, name, workers=other))
            counts[f"workers {workers}"] += same(whole, end(place, name))
        print(counts, flush=True)
    return counts


def in_a_fork(place: Path, name: str, kill_after: float | None) -> tuple[bool, str]:
    """(whether it finished, what went wrong) of a training in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = b""
        try:
            saving.SAVE_EVERY = saving.SAVE_WITHIN = 0.0  # after every step: many moments to be killed in
            train(str(place / "data"), **settings(place, name))
        except ConvscopeError as error:
            said = str(error).encode()
        os.write(writer, said)
        os._exit(1 if said else 0)
    os.close(writer)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0, said


def killed_at_random(place: Path, whole: tuple[dict, list], kills: int) -> dict[str, object]:
    """Kill until that many kills have hit a running training; every run is then brought to its end."""
    chance, began = random.Random(0), time.monotonic()
    in_a_fork(place, "undisturbed", None)
    seconds = time.monotonic() - began
    done = runs = equal = 0
    unreadable: list[str] = []
    while done < kills:
        runs += 1
        name = f"killed-{runs}"
        finished = False
        while not finished:
            if not (place / "runs" / name / "config.yaml").is_file():  # killed before it could be resumed
                shutil.rmtree(place / "runs" / name, ignore_errors=True)
            moment = chance.uniform(0, seconds) if done < kills and chance.random() < 0.8 else None
            finished, said = in_a_fork(place, name, moment)
            done += not finished and not said
            if said:
                unreadable.append(said)
                break
        equal += finished and same(whole, end(place, name))
        print(
            f"{done} of {kills} kills, {equal} of {runs} runs equal, {len(unreadable)} unreadable", flush=True
        )
    return {"kills": done, "runs": runs, "runs equal to the bit": equal, "unreadable": len(unreadable),
            "said": unreadable[:5], "seconds of an undisturbed run": round(seconds, 2)}  # fmt: skip


def main(kills: int) -> None:
    torch.set_num_threads(1)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        draw_pictures(place / "data")
        train(str(place / "data"), **settings(place, "whole"))
        whole = end(place, "whole")
        assert whole[1][1] == STEPS
        result = {
            "steps": STEPS,
            "stopped and resumed at every step, equal to the bit": stopped_at_every_step(place, whole),
            "killed": killed_at_random(place, whole, kills),
            "recipe": RECIPE,
            "python": platform.python_version(), "torch": torch.__version__,
            "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1), "seconds": round(time.monotonic() - began),
            "date": time.strftime("%Y-%m-%d"),
        }  # fmt: skip
    print(json.dumps(result, indent=1))
    Path(__file__).with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
