"""What measurements share: sides timed in turn, the spread of their rounds, and what machine and versions made them."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from convscope.plain.files import write_text

Times = dict[str, list[float]]


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU time."""
    start = time.process_time()
    work()
    return time.process_time() - start


def wall(work: Callable[[], object]) -> float:
    """Seconds by the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(sides: Mapping[str, Callable[[], object]], rounds: int, parts: int) -> Times:
    """CPU milliseconds a part of each side, one after the other, in an order that turns round."""
    times: Times = {side: [] for side in sides}
    for turn in range(-1, rounds):  # the first round warms up
        for side in list(sides) if turn % 2 else reversed(list(sides)):
            spent = cpu(sides[side])
            if turn >= 0:
                times[side].append(spent / parts * 1e3)
    return times


def spread(values: Sequence[float]) -> list[float]:
    """Median, least and most."""
    return [round(number, 4) for number in (statistics.median(values), min(values), max(values))]


def ratio(times: Times, above: str, below: str) -> list[float]:
    return spread([a / b for a, b in zip(times[above], times[below], strict=True)])


def about(script: str, packages: Sequence[str], **more: Any) -> dict[str, Any]:
    """What made the numbers; ``script`` is the file that did."""
    return {
        "script": f"benchmarks/{Path(script).name}", "machine": processor(), "cores": os.cpu_count(),
        "versions": {name: version(name) for name in packages}, "load average": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"), **more,
    }  # fmt: skip


def processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    named = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def save(path: Path | None, made: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows to the file that was asked for, if one was."""
    if path:
        write_text(path, json.dumps({"about": made, "rows": rows}, indent=1) + "\n")
