"""``convscope evaluate MODEL``."""

from typing import Any

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def evaluate(
    model: str,
    /,
    *,
    data: str | None = None,
    split: str | None = None,
    network: Network = UNTOLD,
    json: bool = False,
) -> None:
    """How often a model is right, class by class, and how far to trust its probabilities.

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
    from convscope.ask.run import run_images, trained_in
    from convscope.errors import BadImages
    from convscope.images import open_images
    from convscope.train.evaluate import evaluate as measure
    from convscope.train.report import report_lines

    opened = network.open(model)
    if data is not None:
        images = open_images(data)
    elif run := trained_in(model):
        images, split = run_images(run), split or "val"
    else:
        raise BadImages(
            f"{model} is no run folder, so its images are not known: give them with --data FOLDER"
        )
    found = measure(opened, images, split)
    if json:
        print_json(found)
        return
    low, high = found["interval"]
    print(
        f"{found['accuracy']:.1%} of {found['images']} images right (95 % interval {low:.1%} to {high:.1%})"
    )
    for row in found["per_class"]:
        print(f"  {row['class']}: {_words(row)}")
    for line in report_lines({"val": found})[1:]:
        print(line)


def _words(row: dict[str, Any]) -> str:
    recall, precision, balance = (
        "-" if row[key] is None else f"{row[key]:.1%}" for key in ("recall", "precision", "f1")
    )
    return f"{recall} of {row['images']} found, {precision} of those named so are right, F1 {balance}"
