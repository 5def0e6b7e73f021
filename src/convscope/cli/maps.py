"""``convscope maps PICTURE --model M``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.place import keep
from convscope.cli.show import Count, print_json


def maps(
    picture: str,
    /,
    *,
    model: str,
    layer: str | None = None,
    top: Count | None = None,
    network: Network = UNTOLD,
    out: Annotated[str | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """What every layer outputs for one picture, as contact sheets before and after ReLU and pooling.

    Parameters
    ----------
    picture
        An image file.
    model
        A run folder, or a network by name.
    layer
        Only this layer; `convscope summary MODEL` lists them.
    top
        How many channels a sheet shows at most, the strongest first; 64 maps or 480 bars by default.
    out
        Folder for the sheets and their page index.html; PICTURE-maps here by default.
    json
        Print sizes, ranges and shares of zeros as JSON.
    """
    from convscope.plain.maps import INPUT, sheet_name
    from convscope.studies.maps import maps as see

    seen = see(network.open(model), picture, layer)
    folder = Path(out or f"{Path(picture).stem}-maps")
    for sheet in (INPUT, *map(sheet_name, seen.layers.values())):
        keep(folder / sheet, [picture])
    page = seen.save(folder, top=top)
    if json:
        rows = [each.as_dict() | {"sheet": str(folder / sheet_name(each))} for each in seen.layers.values()]
        print_json({"page": str(page), "model": seen.model, "notes": list(seen.notes), "layers": rows})
        return
    for each in seen.layers.values():
        lead = "" if each.name == each.block else "  "
        span = f"{each.low:.3g} to {each.high:.3g}, {each.zeros:.1%} zero"
        print(f"{lead}{each.name}: {each.stage}, {each.size}, {span}")
    print(f"{page}: {len(seen.layers)} sheets")
