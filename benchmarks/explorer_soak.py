"""Many requests to the explorer, kind and hostile, over a real line: does its memory stay flat, does it ever break?

    python benchmarks/explorer_soak.py --requests 20000

An atlas without a network is drawn, served by its own process with a stand-in for a model, and asked; every
tenth request is one that must be refused. Resident memory and open files of the server are read as it goes.
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


def soak(requests: int) -> dict[str, object]:
    """What was asked and answered, and how memory went."""
    from convscope.explorer.pages import page_addresses, script_addresses
    from explorer import synthetic

    with tempfile.TemporaryDirectory() as folder:
        atlas = synthetic.build(Path(folder) / "atlas")
        addresses = [f"/{address}" for address in (*page_addresses(atlas), *script_addresses(atlas))]
        command = [sys.executable, "-c", SERVER, str(atlas.path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            port = int(re.search(r":(\d+)/", server.stdout.readline())[1])
            try:
                return _ask(port, server.pid, addresses, requests)
            finally:
                server.terminate()


def _ask(port: int, process: int, addresses: list[str], requests: int) -> dict[str, object]:
    draw, line = random.Random(0), http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    statuses: dict[str, int] = {}
    memory, files, began = [], [], time.monotonic()
    for number in range(requests):
        plain = ("GET", draw.choice(addresses), {})
        method, path, headers = draw.choice(REFUSED) if number % 10 == 9 else plain
        line.request(method, path, headers=headers)
        reply = line.getresponse()
        reply.read()
        kind = f"{'refused' if number % 10 == 9 else 'kind'} {reply.status}"
        statuses[kind] = statuses.get(kind, 0) + 1
        if number % (requests // 20) == 0:
            memory.append(_resident(process))
            files.append(len(list(Path(f"/proc/{process}/fd").iterdir())))
    half = len(memory) // 2
    return {
        "requests": requests, "statuses": dict(sorted(statuses.items())), "seconds": round(time.monotonic() - began, 1),
        "resident_mib": memory, "growth_of_second_half_mib": round(max(memory[half:]) - memory[half], 2),
        "open_files": [min(files), max(files)],
    }  # fmt: skip


def _resident(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=20_000)
    asked = parser.parse_args()
    found = soak(asked.requests) | {"python": platform.python_version(), "cores": os.cpu_count()}
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
