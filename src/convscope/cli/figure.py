"""``convscope figure MODEL PHOTO``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def figure(
    model: str,
    photo: str,
    /,
    *,
    out: Annotated[str | None, Parameter(name=["--out", "-o"])] = None,
    network: Network = UNTOLD,
    json: bool = False,
) -> None:
    """The figure of every textbook, from real data: a photo, what each block makes of it, the classes.

    Parameters
    ----------
    model
        A run folder, or a network by name.
    photo
        An image file.
    out
        Where the drawing goes, a name ending in .svg; PHOTO-MODEL.svg here by default.
    json
        Print what the figure shows as JSON.
    """
    from convscope.ask.figure import figure as draw
    from convscope.plain.figure import drawing_path
    from convscope.plain.names import escape

    target = drawing_path(out) if out else None
    opened = network.open(model)
    drawn = draw(opened, photo)
    path = drawn.save(target or f"{Path(photo).stem}-{escape(opened.name)}.svg")
    if json:
        print_json({"path": str(path), **drawn.as_dict()})
        return
    best, share = drawn.classes[0]
    print(f"{path}: {len(drawn.pictures)} stages of {opened.name}, which says {best} ({share:.1%})")
    for note in drawn.notes:
        print(note)
