"""The twin of a run: the same recipe and data, its pools replaced by strided convolutions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from convscope.ask.run import is_run
from convscope.errors import BadAtlas, BadModel


def twin_place(run: str | Path) -> Path:
    """Where the twin of a run lies: ``runs/NAME-strided`` beside ``runs/NAME``."""
    folder = Path(run)
    return folder.with_name(f"{folder.resolve().name}-strided")


def train_twin(run: str | Path, *, on_progress: Callable[[Any], None] | None = None) -> Path:
    """The run folder of the twin, trained now unless it is already there; continues a stopped one.

    Raises BadModel where the model is no run of a spec or another network lies in the twin's place,
    BadSpec where its spec has no pools, and what training raises.

    >>> cs.shift("runs/photos", "photos/", twin=cs.train_twin("runs/photos"))  # doctest: +SKIP
    """
    from convscope.train.config import read_config
    from convscope.train.events import ignore
    from convscope.train.loop import train

    place, net = twin_place(run), twin_spec(run)
    if (place / "report.json").is_file():
        _check_same(place, net)
        return place
    data, recipe = read_config(Path(run) / "config.yaml")
    recipe = replace(
        recipe, net=net, minutes=None, out=str(place.parent), name=place.name, resume=is_run(place)
    )
    train(data, recipe, on_progress=on_progress or ignore)
    return place


def twin_spec(run: str | Path) -> str:
    """The spec of the twin of a run; raises BadModel where the model is no run of a spec."""
    from convscope.nets.open import open_model
    from convscope.nets.spec import parse
    from convscope.nets.twin import without_pools

    if not is_run(run):
        raise BadModel(
            f"{run} is no run folder, so its recipe and images are not known: train the second network "
            "yourself and give it with --twin RUN"
        )
    architecture = open_model(run).architecture or {}
    if architecture.get("kind") != "spec":
        kind = architecture.get("name", "its network")
        raise BadModel(
            f"{run} holds {kind}, which is not written as a spec: pools can be replaced in a spec only. Train "
            "one with `convscope train DATA --net '32c5 p2 64c3 p2 fc128'`, or give a second run with --twin RUN."
        )
    return str(without_pools(parse(architecture["spec"])))


def _check_same(place: Path, net: str) -> None:
    from convscope.nets.open import open_model

    there = (open_model(place).architecture or {}).get("spec")
    if there != net:
        raise BadAtlas(
            f"{place} holds the network {there!r}, not the twin {net!r}: move it away, or give it with --twin"
        )
