"""``convscope models [PATTERN]``."""

from convscope.cli.show import print_json


def models(pattern: str = "*", /, *, json: bool = False) -> None:
    """Networks that have a name: size, cost, receptive field, and whether weights are at hand.

    Parameters
    ----------
    pattern
        A glob ("resnet*") or a part of the name ("net50").
    json
        Print the table as JSON.
    """
    from convscope.nets.catalogue import models as table

    found = table(pattern)
    if json:
        print_json(found.as_dict())
    else:
        print(found)
