"""``convscope evaluate MODEL``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import Network
from convscope.cli.show import print_json


def evaluate(
    model: str,
    /,
    *,
    data: str | None = None,
    split: str | None = None,
    network: Annotated[Network | None, Parameter(name="*")] = None,
    json: bool = False,
) -> None:
    """How often a model is right, class by class.

    Parameters
    ----------
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    data
        Images with labels; a run remembers its own.
    split
        train, val or test; a run's validation images by default.
    json
        Print all numbers as JSON.
    """
    from convscope.ask.run import is_run, run_images
    from convscope.errors import BadImages
    from convscope.images import open_images
    from convscope.train.evaluate import evaluate as measure

    opened = (network or Network()).open(model)
    if data is None and not is_run(model):
        raise BadImages(
            f"{model} is no run folder, so its images are not known: give them with --data FOLDER"
        )
    images = open_images(data) if data is not None else run_images(Path(model))
    if split is None and data is None:
        split = "val"
    found = measure(opened, images, split)
    if json:
        print_json(found)
        return
    low, high = found["interval"]
    print(
        f"{found['accuracy']:.1%} of {found['images']} images right (95 % interval {low:.1%} to {high:.1%})"
    )
    for row in found["per_class"]:
        recall = "-" if row["recall"] is None else f"{row['recall']:.1%}"
        precision = "-" if row["precision"] is None else f"{row['precision']:.1%}"
        print(f"  {row['class']}: {recall} of {row['images']} found, {precision} of those named so are right")
