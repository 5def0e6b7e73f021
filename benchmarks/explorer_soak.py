"""Many requests to the explorer, kind and hostile, over a real line: does its memory stay flat, does it ever break?

    PYTHONPATH=src python benchmarks/explorer_soak.py --requests 20000 --minutes 8

An atlas without a network is drawn, served by its own process with a stand-in for a model, and asked; every
tenth request is one that must be refused. Resident memory, open files and processor time of the server are read
as it goes. It ends with an error where a kind request fails, a hostile one passes, or memory grows by 5 MiB in the second half.
"""

import argparse
import http.client
import json
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
SERVER = """
import sys
from convscope.explorer.serve import serve
serve(sys.argv[1], port=0, live={"stack": lambda atlas, wish, tell, cancelled: {"page": ""}})
"""
REFUSED = (
    ("GET", "/../atlas.json", {}),
    ("GET", "/image/u0123456789abcdef/", {}),
    ("POST", "/live/wish", {}),
    ("POST", "/live/picture", {"X-Convscope-Token": "0" * 64}),
    ("PUT", "/", {}),
    ("GET", "/", {"Host": "evil.test"}),
    ("GET", "/", {"Origin": "null"}),
)


def soak(requests: int, minutes: float) -> dict[str, object]:
    """What was asked and answered, and how memory went; at most so many requests and minutes."""
    from convscope.explorer.pages import page_addresses, script_addresses
    from explorer import synthetic

    with tempfile.TemporaryDirectory() as folder:
        atlas = synthetic.build(Path(folder) / "atlas")
        addresses = [f"/{address}" for address in (*page_addresses(atlas), *script_addresses(atlas))]
        command = [sys.executable, "-c", SERVER, str(atlas.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            port = int(re.search(r":(\d+)/", server.stdout.readline())[1])
            try:
                return _ask(port, server.pid, addresses, requests, minutes * 60)
            finally:
                server.terminate()


def _ask(port: int, process: int, addresses: list[str], requests: int, seconds: float) -> dict[str, object]:
    draw, line = random.Random(0), http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    statuses: Counter[str] = Counter()
    memory, files, busy, began = [], [], _processor(process), time.monotonic()
    for number in range(requests):
        hostile = number % 10 == 9
        method, path, headers = draw.choice(REFUSED) if hostile else ("GET", draw.choice(addresses), {})
        line.request(method, path, headers=headers)
        reply = line.getresponse()
        reply.read()
        statuses[f"{'refused' if hostile else 'kind'} {reply.status}"] += 1
        if number % 250 == 0:
            memory.append(_resident(process))
            files.append(len(list(Path(f"/proc/{process}/fd").iterdir())))
            if time.monotonic() - began > seconds:
                break
    asked, half = sum(statuses.values()), len(memory) // 2
    return {
        "requests": asked, "addresses": len(addresses), "statuses": dict(sorted(statuses.items())),
        "seconds": round(time.monotonic() - began, 1),
        "processor_ms_a_request": round(1000 * (_processor(process) - busy) / asked, 2),
        "resident_mib": memory[:: max(1, len(memory) // 20)],
        "growth_of_second_half_mib": round(max(memory[half:]) - memory[half], 2), "open_files": [min(files), max(files)],
    }  # fmt: skip


def _processor(process: int) -> float:
    """Seconds of processor time that the server has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, object]:
    """What a number depends on besides the code."""
    names = ("numpy", "pillow", "starlette", "uvicorn", "jinja2")
    return {
        "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "platform": platform.platform(),
        "python": platform.python_version(), **{name: version(name) for name in names},
    }  # fmt: skip


def _resident(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 2)


def broken(found: dict[str, object]) -> list[str]:
    """What should not have been."""
    statuses, growth = found["statuses"], found["growth_of_second_half_mib"]
    wrong = [
        kind for kind in statuses if (kind.startswith("kind") and kind != "kind 200") or kind == "refused 200"
    ]
    return wrong + ([f"memory grew by {growth} MiB"] if growth > 5 else [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    found = {"machine": machine()} | soak(asked.requests, asked.minutes)
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    sys.exit(f"broken: {broken(found)}" if broken(found) else 0)
