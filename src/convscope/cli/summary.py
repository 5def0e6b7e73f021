"""``convscope summary MODEL``."""

from pathlib import Path

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def summary(
    model: str,
    /,
    *,
    network: Network = UNTOLD,
    wide: bool = False,
    html: str | None = None,
    json: bool = False,
) -> None:
    """Layers, shapes, receptive fields, parameters, multiply-adds, memory; and what to beware of.

    Parameters
    ----------
    model
        A run folder, a network by name (resnet18, timm:NAME, file.py:factory), or a spec ("32c5 p2 fc128").
    wide
        Also the stride in input pixels, and the parameters that a dense layer would need.
    html
        Write the table as a page to this file.
    json
        Print the table as JSON.
    """
    from convscope.model.summary import summary as table
    from convscope.plain.files import write_text

    made = table(network.sketch(model))
    if html:
        write_text(Path(html), made.html)
    if json:
        print_json(made.as_dict())
    elif html:
        print(
            f"{html}: {len(made.rows)} layers, {made.parameters:,} parameters, {len(made.warnings)} warnings"
        )
    else:
        print(made.text(wide=wide))
