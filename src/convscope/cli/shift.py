"""``convscope shift PICTURE --model M``."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.place import keep
from convscope.cli.shell import in_shell
from convscope.cli.show import print_json
from convscope.plain.shifts import Shift, Shifts


def shift(
    picture: str,
    /,
    *,
    model: str,
    twin: str | None = None,
    train_twin: bool = False,
    network: Network = UNTOLD,
    settings: Annotated[Shift | None, Parameter(name="*")] = None,
    out: Annotated[str | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """How much every layer and the answer change when the picture moves: what pooling buys, measured.

    Parameters
    ----------
    picture
        An image file, a folder of them, or the name of a bundled set.
    model
        A run folder, or a network by name.
    twin
        A second run or network to draw beside the first.
    train_twin
        Train the same network with strided convolutions instead of pools, with the run's own recipe and
        data, into RUN-strided; used again where it is already there.
    out
        Folder for the page index.html, shift.svg and shift.json; PICTURE-shift here by default.
    json
        Print all means and deviations as JSON.
    """
    from convscope.errors import BadSpec
    from convscope.images import open_images
    from convscope.studies.shift import check
    from convscope.studies.shift import shift as measure

    if twin is not None and train_twin:
        raise BadSpec(f"--twin {twin} and --train-twin ask for two twins: give one of them")
    folder = Path(out or f"{Path(picture).stem}-shift")
    # training takes minutes: whatever else can be wrong is found before it
    keep(folder / "shifted.png", [picture, Path(picture) / "shifted.png"])
    net = _twin_spec(model) if train_twin else ""
    settings, opened, pictures = settings or Shift(), network.open(model), open_images(picture)
    check(settings, opened)
    second = _trained(model, net) if train_twin else twin
    seen = measure(opened, pictures, twin=second, settings=settings)
    page = seen.save(folder)
    if json:
        print_json(seen.as_dict() | {"page": str(page)})
        return
    _print(seen)
    print(f"{page}: chart and table of {len(seen.ids):,} of {seen.of:,} pictures")
    if second is None:
        print(_how_to_compare(picture, model))


def _print(seen: Shifts) -> None:
    """Each stage's mean relative change at the largest shift, then the finding."""
    from convscope.plain.shifts import mean

    if seen.twin is not None:
        for note in seen.twin.notes:
            print(f"note: {seen.twin.model}: {in_shell(note)}", file=sys.stderr)
    for mine, theirs in seen.pairs:
        words = f"{mine.name}: {mean(mine.change)[-1]:.3f}"
        if theirs is not None and seen.twin is not None:
            words += f"   {seen.twin.model} {theirs.name}: {mean(theirs.change)[-1]:.3f}"
        print(words)
    print(seen.finding, seen.details)


def _twin_spec(model: str) -> str:
    from convscope.ask.twin import twin_spec

    return twin_spec(model)


def _trained(model: str, net: str) -> Path:
    """The twin's folder, training it with progress on standard error where it is not there yet."""
    from rich.console import Console

    from convscope.ask.twin import train_twin, twin_place
    from convscope.train.progress import Terminal

    place = twin_place(model)
    there = (place / "report.json").is_file()
    print(f"twin: {place}, {net} ({'already trained' if there else 'training now'})", file=sys.stderr)
    terminal = Terminal(Console(stderr=True))
    try:
        return train_twin(model, on_progress=terminal)
    finally:
        terminal.close()


def _how_to_compare(picture: str, model: str) -> str:
    from convscope.ask.run import is_run

    if is_run(model):
        return f"Beside it the same network without pools: convscope shift {picture} --model {model} --train-twin"
    return "Beside it another network: give a second one with --twin RUN."
