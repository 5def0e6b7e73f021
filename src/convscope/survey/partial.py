"""What of a survey is finished and not yet in the atlas, kept beside it until the survey is complete.

A survey that was killed, or that several processes share, goes on from these files. Their folder is named
by what the result depends on, so that nothing of another survey is ever taken for this one's.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from convscope.plain.files import write_bytes
from convscope.plain.validity import Validity
from convscope.survey.count import Counts
from convscope.survey.pictures import STEPS, Drawn, Step

FOLDER = "partial"
DRAWN = ("scale", "duplicate", "projected", "first", "first_small")
ALL = "all"  # who counts what no shard has counted


def key_of(about: dict[str, Any]) -> str:
    """A name for all that decides a survey's bytes, plain data."""
    text = json.dumps(about, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


@dataclass(frozen=True)
class Partial:
    """The finished parts of one survey in ``root/partial/KEY``."""

    root: Path
    key: str

    @property
    def folder(self) -> Path:
        return self.root / FOLDER / self.key

    def save_counts(self, who: str, counts: Counts) -> None:
        """Keep what ``who`` (a shard, or all) has counted so far, in place of what it kept before."""
        arrays = {
            f"{place}.{name}": array
            for place, tally in enumerate(counts.tallies.values())
            for name, array in tally.state().items()
        }
        arrays |= {
            "units": np.array(sorted(counts.units), dtype=np.int32),
            "predicted": counts.predicted,
            "probability": counts.probability,
            "margin": counts.margin,
        }
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        write_bytes(self.folder / f"counts-{who}.safetensors", save(arrays))

    def load_counts(self, empty: Callable[[], Counts], who: str = "*") -> Counts:
        """What was counted by ``who``, or by anyone; damaged files, and such as repeat units of others, are left out."""
        paths = sorted(self.folder.glob(f"counts-{who}.safetensors"))
        found = [_read_counts(path, empty()) for path in paths]
        merged = empty()
        for counts in sorted((each for each in found if each), key=lambda each: -len(each.units)):
            if not counts.units & merged.units:
                merged.merge(counts)
        return merged

    def save_drawn(self, layer: int, sheet: int, step: Step, drawn: Drawn) -> None:
        """Keep that a step of a sheet of channels is drawn, after its pictures."""
        arrays = {name: np.ascontiguousarray(getattr(drawn, name)) for name in DRAWN}
        about = {"validity": json.dumps(drawn.validity.as_dict())}
        write_bytes(self._drawn(layer, sheet, step), save(arrays, metadata=about), durable=False)

    def load_drawn(self, layer: int, sheet: int, step: Step) -> Drawn | None:
        """What was kept of a step of a sheet, or None where it must be drawn."""
        try:
            with safe_open(self._drawn(layer, sheet, step), "numpy") as file:
                validity = Validity.from_dict(json.loads(file.metadata()["validity"]))
                arrays = {name: file.get_tensor(name) for name in DRAWN}
                return Drawn(**arrays, validity=validity)
        except (OSError, SafetensorError):
            return None

    def _drawn(self, layer: int, sheet: int, step: Step) -> Path:
        return self.folder / f"drawn-{layer}-{sheet}-{STEPS.index(step)}.safetensors"

    def save_middle(self, layer: int, middle: list[int]) -> None:
        """Keep what tiles of a layer show of its field, so that all who draw it show the same."""
        write_bytes(self._middle(layer), json.dumps(middle).encode())

    def load_middle(self, layer: int) -> list[int] | None:
        """What was kept; None where it must be measured."""
        try:
            return json.loads(self._middle(layer).read_bytes())
        except (OSError, ValueError):
            return None

    def _middle(self, layer: int) -> Path:
        return self.folder / f"middle-{layer}.json"

    def forget(self) -> None:
        """The survey is complete: nothing partial is needed any more."""
        shutil.rmtree(self.root / FOLDER, ignore_errors=True)


def _read_counts(path: Path, counts: Counts) -> Counts | None:
    try:
        with safe_open(path, "numpy") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return None
    if "margin" not in state or "0.bins" not in state:  # of a version that kept something else
        return None
    for place, tally in enumerate(counts.tallies.values()):
        tally.restore(
            {name.partition(".")[2]: array for name, array in state.items() if name.startswith(f"{place}.")}
        )
    counts.predicted, counts.probability, counts.margin = (
        state[name] for name in ("predicted", "probability", "margin")
    )
    counts.units = {int(unit) for unit in state["units"]}
    return counts
