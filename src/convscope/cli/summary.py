"""``convscope summary MODEL``."""

from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import Network
from convscope.cli.show import print_json


def summary(
    model: str,
    /,
    *,
    network: Annotated[Network | None, Parameter(name="*")] = None,
    json: bool = False,
) -> None:
    """Layers, shapes, receptive fields, parameters, multiply-adds.

    Parameters
    ----------
    model
        A run folder, a network by name (resnet18, timm:NAME, file.py:factory), or a spec ("32c5 p2 fc128").
    json
        Print the table as JSON.
    """
    from convscope.model.summary import summary as table

    made = table((network or Network()).open(model))
    if json:
        print_json(made.as_dict())
    else:
        print(made)
