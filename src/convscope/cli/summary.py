"""``convscope summary MODEL``."""

from convscope.cli.show import print_json


def summary(
    model: str, /, *, imgsz: int | None = None, classes: int | None = None, json: bool = False
) -> None:
    """Layers, shapes, receptive fields, parameters, multiply-adds.

    Parameters
    ----------
    model
        A run folder, a network by name (resnet18, timm:NAME, file.py:factory), or a spec ("32c5 p2 fc128").
    imgsz
        Side of the input in pixels, where the network does not say.
    classes
        Number of outputs, for a spec.
    json
        Print the table as JSON.
    """
    from convscope.model.summary import summary as table
    from convscope.nets.open import open_model

    made = table(open_model(model, input_size=imgsz, classes=classes))
    if json:
        print_json(made.as_dict())
    else:
        print(made)
