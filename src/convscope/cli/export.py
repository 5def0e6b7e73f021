"""``convscope export MODEL -o FILE``."""

from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def export(
    model: str,
    /,
    *,
    out: Annotated[str, Parameter(name=("--out", "-o"))],
    images: str | None = None,
    tolerance: float = 1e-4,
    network: Network = UNTOLD,
    json: bool = False,
) -> None:
    """One file for other programs, ONNX or torch.export, with its preprocessing inside.

    Parameters
    ----------
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    out
        Where the file goes; its ending decides: .onnx or .pt2.
    images
        Pictures to check it on; a run's validation pictures or bundled ones by default.
    tolerance
        The largest difference of a probability that is let pass.
    json
        Print what was written and how it compares as JSON.
    """
    from convscope.ask.export import export as write
    from convscope.ask.run import is_run

    made = write(model if is_run(model) else network.open(model), out, images, tolerance=tolerance)
    if json:
        print_json(made.as_dict())
    else:
        print(made)
