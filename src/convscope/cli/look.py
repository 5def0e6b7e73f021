"""``convscope look PICTURE``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.place import keep
from convscope.cli.show import print_json


def look(
    picture: str | None = None,
    /,
    *,
    model: str,
    unit: str,
    lens: str = "deconvnet",
    network: Network = UNTOLD,
    check: bool = False,
    out: Annotated[str | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """One picture, one unit, one lens, one PNG.

    Parameters
    ----------
    picture
        An image file; maximisation needs none.
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    unit
        LAYER:CHANNEL or LAYER:CHANNEL@Y,X, or the name of a class.
    lens
        deconvnet, gradient, guided, gradient-times-input, integrated-gradients, smoothgrad, gradcam, occlusion,
        activation, maximisation or effective-field; settings follow a colon, as in occlusion:size=12,stride=4.
    check
        Also how much of the map survives random weights, and how the unit falls when what it marks is deleted.
    out
        Where the PNG goes; PICTURE-LAYER-CHANNEL-LENS.png here by default.
    json
        Print what was seen as JSON.
    """
    from convscope.ask.look import checks, read_image, read_unit
    from convscope.lenses import read_lens
    from convscope.plain.names import escape

    glass = read_lens(lens)
    image = read_image(picture)
    opened = network.open(model)
    where = read_unit(opened, unit)
    seen = glass(opened, where, image)
    found = checks(opened, image, where, glass) if check else None
    source = [Path(picture).stem] if picture else []
    words = [*source, escape(where.layer), where.channel, *(where.position or ()), glass.name]
    place = out or "-".join(map(str, words)) + ".png"
    keep(place, [picture])
    path = seen.save(place)
    if json:
        print_json(
            {
                "path": str(path), "unit": str(where), "lens": lens, "value": seen.value, "units": seen.units,
                "input_box": list(seen.input_box), "box": None if seen.box is None else list(seen.box),
                "validity": seen.validity.as_dict(), "caption": seen.caption,
                **({} if found is None else {"checks": found.as_dict()}),
            }
        )  # fmt: skip
        return
    print(f"{path}: {seen.caption}")
    print(seen.validity.sentence)
    print(f"Not shown: {glass.does_not_show}")
    if found is not None:
        print(found.sentence)
