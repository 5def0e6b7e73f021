"""Measure every network that has a name and write ``nets/catalogue.json``.

    python tools/make_catalogue.py [PATTERN] [--again]

Networks are built on the meta device, without weights, so that a row takes a second or two. Rows that are
there are kept unless ``--again``; a network that cannot be measured is named with its reason and left out.
"""

import argparse
import json
import warnings
from fnmatch import fnmatch
from pathlib import Path

import torch

import convscope.nets
from convscope.errors import ConvscopeError
from convscope.nets.catalogue import every_name
from convscope.nets.cost import Cost, cost_of
from convscope.nets.open import open_model
from convscope.plain.files import write_text

TABLE = Path(convscope.nets.__file__).parent / "catalogue.json"
KEPT_EVERY = 20  # networks


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure every network that has a name.")
    parser.add_argument("pattern", nargs="?", default="*")
    parser.add_argument("--again", action="store_true", help="measure what is in the table too")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    names = every_name()
    table = {name: row for name, row in json.loads(TABLE.read_text("utf-8")).items() if name in names}
    wanted = [name for name in names if fnmatch(name, asked.pattern) and (asked.again or name not in table)]
    for count, name in enumerate(wanted, 1):
        if (cost := measured(name)) is not None:
            table[name] = cost.as_dict()
        if count % KEPT_EVERY == 0 or count == len(wanted):
            write(table)


def measured(name: str) -> Cost | None:
    """The numbers of one network; None, with the reason printed, where it cannot be built or recorded."""
    for device in ("meta", "cpu"):
        try:
            with torch.device(device):
                return cost_of(open_model(name))
        except (ConvscopeError, RuntimeError, ValueError, TypeError, AttributeError, KeyError) as error:
            print(
                f"{name} on {device}: {type(error).__name__}: {str(error).splitlines()[0][:160]}", flush=True
            )
    return None


def write(table: dict[str, dict[str, object]]) -> None:
    """One network a line, by name."""
    rows = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(table.items())]
    write_text(TABLE, "{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
