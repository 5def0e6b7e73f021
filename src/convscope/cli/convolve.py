"""``convscope convolve PICTURE --kernel sobel-x``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.place import keep
from convscope.cli.show import Count, print_json


def convolve(
    picture: str,
    /,
    *,
    kernel: str,
    stride: Count | None = None,
    padding: str | None = None,
    dilation: Count | None = None,
    bias: float | None = None,
    then: str = "",
    at: str | None = None,
    weights: str | None = None,
    out: Annotated[str | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """Slide one kernel over one picture: weights, every product, the feature map.

    Writes input, kernel and maps side by side as a PNG, and prints the sum at one position.

    Parameters
    ----------
    picture
        An image file.
    kernel
        A name such as sobel-x, sobel-y, blur, sharpen or edge-45; a text, CSV or JSON file of numbers;
        or MODEL:LAYER:CHANNEL of a network, whose own settings are kept unless given.
    stride
        Pixels from one window to the next; 1 by default.
    padding
        valid, same, full, causal, pixels per side, or before,after; valid by default.
    dilation
        Pixels from one tap to the next; 1 by default.
    bias
        Added to every sum; 0, or the network's own, by default.
    then
        Steps that follow: relu, max2, avg2, max3s2, max3s2:same, separated by commas.
    at
        Y,X in the feature map, from 0; the strongest position by default.
    weights
        A safetensors file, for a network given by name.
    out
        Where the PNG goes; PICTURE-KERNEL.png here by default.
    json
        Print the numbers as JSON.
    """
    from convscope.arithmetic.steps import read_padding, read_position
    from convscope.plain.names import escape
    from convscope.studies.convolve import convolve as work_out

    seen = work_out(
        picture,
        kernel,
        stride=stride,
        padding=None if padding is None else read_padding(padding),
        dilation=dilation,
        then=then,
        at=None if at is None else read_position(at),
        bias=bias,
        weights=weights,
    )
    word = Path(kernel).stem if Path(kernel).is_file() else Path(kernel).name.replace(":", "-")
    place = out or f"{Path(picture).stem}-{escape(word)}.png"
    keep(place, [picture, kernel])
    path = seen.save(place)
    if json:
        print_json({"path": str(path), **seen.as_dict()})
        return
    print(seen)
    print(f"\n{path}")
