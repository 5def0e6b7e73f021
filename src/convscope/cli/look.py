"""``convscope look PICTURE``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import Network
from convscope.cli.show import print_json


def look(
    picture: str,
    /,
    *,
    model: str,
    unit: str,
    lens: str = "deconvnet",
    network: Annotated[Network | None, Parameter(name="*")] = None,
    out: str | None = None,
    json: bool = False,
) -> None:
    """One picture, one unit, one lens, one PNG.

    Parameters
    ----------
    picture
        An image file.
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    unit
        LAYER:CHANNEL or LAYER:CHANNEL@Y,X, or the name of a class.
    lens
        deconvnet, gradient or guided.
    out
        Where the PNG goes; PICTURE-LAYER-CHANNEL-LENS.png here by default.
    json
        Print what was seen as JSON.
    """
    from convscope.ask.look import look as see
    from convscope.lenses import find_lens
    from convscope.plain.names import escape
    from convscope.plain.unit import Unit

    glass = find_lens(lens)()
    opened = (network or Network()).open(model)
    where = opened.unit_of_class(unit) if unit in opened.classes else Unit.parse(unit)
    seen = see(opened, picture, where, glass)
    words = [Path(picture).stem, escape(where.layer), where.channel, *(where.position or ()), lens]
    path = seen.save(out or "-".join(map(str, words)) + ".png")
    if json:
        print_json(
            {
                "path": str(path), "unit": str(where), "value": seen.value, "units": seen.units,
                "input_box": list(seen.input_box), "box": None if seen.box is None else list(seen.box),
                "validity": seen.validity.as_dict(), "caption": seen.caption,
            }
        )  # fmt: skip
        return
    print(f"{path}: {seen.caption}")
    print(seen.validity.sentence)
    print(f"Not shown: {glass.does_not_show}")
