"""Two survey processes on two cores beside one, and beside two bare forward passes that scale as the machine lets them.

    python benchmarks/two_processes.py [--net NET] [--images N] [--rounds N] [--json FILE]

Every process has one thread and one core of its own. Each opens the network, counts the same images (noise, drawn
before the clock starts) or its half of them, and tells its wall time; two start their clocks together, and the
later of them counts. The control is bare forward passes over the same images, shared alike. What
two processes gain over one is given for both, round by round: the survey's gain should be the control's. Last what
the two counted is merged and must be what one counted, to the bit, or the numbers are void.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import about, save, spread

if TYPE_CHECKING:
    from torch import Tensor

    from convscope.survey.job import Job
    from convscope.survey.settings import Shard

Work = Callable[[], object]
ASKED, BATCH, LEAD = 0.9, 16, 2.0  # LEAD: seconds from when both are ready until their clocks start
SIDES = ("survey", "bare")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", default="resnet18")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)  # side, number, count, folder: a process
    asked = parser.parse_args()
    if asked.one:
        side, number, count, folder = asked.one
        one_process(asked.net, asked.images, side, int(number), int(count), Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        row = compared(asked.net, asked.images, asked.rounds, Path(folder))
    print(json.dumps(row))
    save(asked.json, made(asked), [row])


def made(asked: argparse.Namespace) -> dict[str, Any]:
    more = {
        "threads a process": 1, "rounds": asked.rounds, "images": asked.images, "batch": BATCH,
        "unit": "wall seconds; median [least, most]", "weights": "random",
    }  # fmt: skip
    return about(__file__, ("torch",), **more)


def compared(net: str, images: int, rounds: int, folder: Path) -> dict[str, Any]:
    times: dict[str, list[float]] = {f"{side}, {count}": [] for side in SIDES for count in (1, 2)}
    for turn in range(rounds):
        for side in SIDES if turn % 2 else reversed(SIDES):
            for count in (1, 2):
                times[f"{side}, {count}"].append(
                    together(net, images, side, count, folder / f"{turn}-{count}")
                )
    assert_merged(net, images, folder)
    gains = {
        side: [a / b for a, b in zip(times[f"{side}, 1"], times[f"{side}, 2"], strict=True)] for side in SIDES
    }
    return {
        "net": net, "asked": ASKED, "merged equals one process": True,
        **{name: spread(values) for name, values in times.items()},
        **{f"{side}, two over one": spread(gains[side]) for side in SIDES},
        "survey's gain over the control's": spread([a / b for a, b in zip(*gains.values(), strict=True)]),
    }  # fmt: skip


def together(net: str, images: int, side: str, count: int, folder: Path) -> float:
    """Wall seconds until the last of ``count`` processes is done."""
    call = [sys.executable, "-W", "ignore", __file__, "--net", net, "--images", str(images), "--one", side]
    running = [
        subprocess.Popen(
            [*call, str(number), str(count), str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    start = time.time() + LEAD
    took = [each.communicate(f"{start}\n")[0] for each in running]
    return max(map(float, took))


def one_process(net: str, images: int, side: str, number: int, count: int, folder: Path) -> None:
    """Get ready, wait for the time that is told, do this process's share and say how long it took."""
    import torch

    from convscope.plain.machine import keep_freed_memory
    from convscope.survey.settings import Shard

    keep_freed_memory()
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[number - 1]})
    torch.set_num_threads(1)
    shard = Shard(number, count)
    work = a_survey(net, images, shard, folder) if side == "survey" else a_bare_pass(net, images, shard)
    print("ready", flush=True)
    start = float(sys.stdin.readline())
    time.sleep(max(0.0, start - time.time()))
    work()
    print(time.time() - start)


def noise(images: int) -> "Tensor":
    import torch

    return torch.randn(images, 3, 224, 224, generator=torch.Generator().manual_seed(0))


def a_job(net: str, images: int, folder: Path) -> "Job":
    import torch

    import convscope as cs
    from convscope.survey.job import prepare
    from convscope.survey.settings import Survey

    torch.manual_seed(0)
    settings = Survey(batch=BATCH, project="none", photos=0, memory_format="channels_last")
    return prepare(cs.open_model(net), noise(images), folder, settings)


def a_survey(net: str, images: int, shard: "Shard", folder: Path) -> Work:
    from convscope.survey.job import count

    job = a_job(net, images, folder)
    _ = job.partial.key  # what is not counting: network and images are named
    return lambda: count(job, shard.of(len(job.units)), str(shard))


def a_bare_pass(net: str, images: int, shard: "Shard") -> Work:
    import torch

    import convscope as cs

    torch.manual_seed(0)
    module = cs.open_model(net).module.eval().to(memory_format=torch.channels_last)
    mine = shard.of(images)
    batches = noise(images)[mine.start : mine.stop].split(BATCH)

    def work() -> None:
        with torch.inference_mode():
            for batch in batches:
                module(batch.contiguous(memory_format=torch.channels_last))

    return work


def assert_merged(net: str, images: int, folder: Path) -> None:
    """What two shards counted, merged, is what one process counted, to the bit."""
    import numpy as np

    jobs = [a_job(net, images, folder / f"0-{count}") for count in (1, 2)]
    one, two = (job.partial.load_counts(job.no_counts) for job in jobs)
    assert one.units == two.units == set(range(len(jobs[0].units)))
    for layer, tally in one.tallies.items():
        other = two.tallies[layer].state()
        for name, array in tally.state().items():
            assert np.array_equal(array, other[name]), f"{layer} {name} differs"


if __name__ == "__main__":
    main()
