"""The settings of a training run: one dataclass for command line, config file and Python."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from convscope.errors import BadAtlas, BadSpec
from convscope.plain.files import write_text

Augment = Literal["auto", "none", "shift", "flip", "colour"]
RANGES: dict[str, tuple[float, float]] = {
    "imgsz": (8, 1024),
    "epochs": (1, 100_000),
    "minutes": (0.01, 100_000),
    "batch": (1, 65_536),
    "lr": (1e-7, 10),
    "weight_decay": (0, 1),
    "smoothing": (0, 0.9),
    "val": (0.01, 0.9),
    "seed": (0, 2**32 - 1),
    "threads": (1, 1024),
}


@dataclass(frozen=True)
class Recipe:
    """How to train; what is None is chosen from the images and written to ``config.yaml``.

    Raises BadSpec naming the value and its range.

    Parameters
    ----------
    net
        Network: a spec such as "32c5 p2 64c3 p2 fc128", or a name such as lenet5.
    imgsz
        Side of the square input in pixels.
    epochs
        How often every training image is seen.
    minutes
        Choose the number of epochs to fit this time instead, by timing a few steps first.
    batch
        Images per step.
    lr
        Highest learning rate of the one-cycle schedule.
    weight_decay
        Decoupled decay of weights, never of biases and norms.
    smoothing
        Label smoothing: the share of the target spread over all classes.
    augment
        "shift" moves a little, "flip" also turns, scales and mirrors, "colour" also changes the hue;
        "auto" decides by the data.
    val
        Share of the images held out where the data has no split of its own.
    seed
        Decides split, first weights, order and augmentation.
    device
        "cpu", "cuda" or "auto".
    threads
        CPU threads; torch's own choice where None.
    out
        Folder in which runs are kept.
    name
        Name of the run; the name of the data where None.
    resume
        Continue the run of this name where it stopped.

    >>> Recipe(epochs=3).epochs
    3
    """

    net: str | None = None
    imgsz: int | None = None
    epochs: int | None = None
    minutes: float | None = None
    batch: int | None = None
    lr: float | None = None
    weight_decay: float = 0.5
    smoothing: float = 0.1
    augment: Augment = "auto"
    val: float = 0.2
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    out: str = "runs"
    name: str | None = None
    resume: bool = False

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise BadSpec(f"{name} is {value!r}: choose a number from {low:g} to {high:g}")
        if self.augment not in get_args(Augment):
            raise BadSpec(f"augment is {self.augment!r}: choose {', '.join(get_args(Augment))}")
        if self.name is not None and (not self.name.strip() or Path(self.name).name != self.name):
            raise BadSpec(f"name is {self.name!r}: choose a folder name; its place is given by out")


WHERE = ("out", "name", "resume")  # where a run lies, not what it is


def write_config(path: Path, data: str, recipe: Recipe) -> None:
    """One ``key: <json>`` line per setting: YAML that needs no YAML library."""
    settings = {"data": data, **asdict(recipe)}
    lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items() if key not in WHERE]
    write_text(path, "\n".join(lines) + "\n")


def read_config(path: Path) -> tuple[str, Recipe]:
    """(data, recipe) as ``write_config`` wrote them; raises BadAtlas naming the line."""
    settings: dict[str, Any] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        key, _, value = line.partition(":")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError as error:
            raise BadAtlas(f"cannot read {path}, line {number}: {line!r} is no 'key: value'") from error
    data = settings.pop("data", "")
    known = {field.name for field in fields(Recipe)}
    unknown = [key for key in settings if key not in known]
    if unknown:
        raise BadAtlas(f"{path} has the setting {unknown[0]!r}, which this version does not know")
    return data, Recipe(**settings)


def resumed(recorded: Recipe, asked: Recipe) -> Recipe:
    """The recorded recipe at the asked place; raises BadSpec where the two disagree."""
    default = Recipe()
    for name in (field.name for field in fields(Recipe) if field.name not in WHERE):
        wanted = getattr(asked, name)
        if wanted not in (getattr(default, name), getattr(recorded, name)):
            raise BadSpec(
                f"{name} is {wanted!r}, but the run to resume has {getattr(recorded, name)!r}: leave it "
                "out to continue, or give another --name to start afresh"
            )
    return replace(recorded, **{name: getattr(asked, name) for name in WHERE})
