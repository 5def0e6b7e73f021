"""The run folder: what a run is called, where its files lie, and what made it."""

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from convscope.errors import BadAtlas, BadOutput
from convscope.images.source import Images
from convscope.plain.names import escape


@dataclass(frozen=True)
class Run:
    """A folder ``runs/NAME`` and the names of the files in it."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def split(self) -> Path:
        return self.folder / "split.csv"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    @property
    def environment(self) -> Path:
        return self.folder / "env.json"

    @property
    def last(self) -> Path:
        return self.folder / "checkpoints" / "last.safetensors"

    @property
    def before(self) -> Path:
        """The checkpoint before the last, for the day that one is damaged."""
        return self.folder / "checkpoints" / "before.safetensors"

    def series(self, epoch: int) -> Path:
        """The weights after an epoch; 0 is before the first step."""
        return self.folder / "checkpoints" / "series" / f"epoch-{epoch:04d}.safetensors"

    @property
    def begun(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self.last.is_file() or self.before.is_file()

    @property
    def best(self) -> Path:
        return self.folder / "checkpoints" / "best.safetensors"

    @property
    def model(self) -> Path:
        return self.folder / "model"


def new_run(out: str, name: str) -> Run:
    """A folder that did not exist before: NAME, NAME-2, ...; raises BadOutput."""
    parent = Path(out)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
            return Run(folder)
        except FileExistsError as error:
            if parent.exists() and not parent.is_dir():
                raise BadOutput(f"{parent} is a file: choose another folder with --out") from error
            number += 1
        except OSError as error:
            raise BadOutput(
                f"cannot make {folder}: {error.strerror}. Choose another folder with --out."
            ) from error


def old_run(out: str, name: str) -> Run:
    """The folder of a run to continue; raises BadAtlas where there is none."""
    run = Run(Path(out) / name)
    if not run.config.is_file():
        raise BadAtlas(
            f"there is no run to resume in {run.folder}: its config.yaml is missing. "
            "Name the run with --out and --name, or leave out --resume to start one."
        )
    return run


def run_name(images: Images) -> str:
    """What a run over these images is called where nobody says otherwise."""
    return escape(Path(images.name).name or "images")


def environment(threads: int, device: str, precision: str) -> dict[str, Any]:
    """What a number depends on beside the recipe: versions, machine, threads, device."""
    packages = ("convscope", "torch", "torchvision", "numpy", "pillow", "safetensors")
    return {
        "versions": {name: _version(name) for name in packages} | {"python": sys.version.split()[0]},
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "threads": threads,
        "device": device,
        "precision": precision,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
