"""How often a model is right, with its interval; and what it says of single images."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import torch

from convscope.errors import BadImages
from convscope.images import Images
from convscope.model.model import Model

BATCH = 64


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says of one image; ``label`` is the true class, None where unknown."""

    id: str
    label: str | None
    predicted: str
    probability: float
    probabilities: np.ndarray  # float32 [classes], in the order of ``model.classes``

    def top(self, classes: tuple[str, ...], count: int = 5) -> list[tuple[str, float]]:
        """The likeliest classes and their probabilities."""
        best = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(classes[i], float(self.probabilities[i])) for i in best]


def predict(model: Model, images: Images) -> list[Prediction]:
    """Class probabilities of every image, in the order of the images."""
    rows: list[Prediction] = []
    for start, probabilities in _probabilities(model, images):
        for offset, values in enumerate(probabilities):
            label = int(images.labels[start + offset])
            winner = int(values.argmax())
            rows.append(
                Prediction(
                    id=images.ids[start + offset],
                    label=images.classes[label] if label >= 0 else None,
                    predicted=model.classes[winner],
                    probability=float(values[winner]),
                    probabilities=values,
                )
            )
    return rows


def evaluate(model: Model, images: Images, split: str | None = None) -> dict[str, Any]:
    """Accuracy with its interval, per class and confusion, of the images whose class is known.

    The keys are those of ``report.json``: accuracy, images, interval (Wilson, 95 %), per_class,
    confusion (rows: true, columns: predicted). Raises BadImages where there is nothing to compare.

    >>> wilson(8, 10)
    (0.49, 0.943)
    """
    images = images if split is None else images.split(split)
    return measure(predict(model, images), model.classes, images.name)


def measure(predictions: list[Prediction], classes: tuple[str, ...], name: str) -> dict[str, Any]:
    """The same from predictions that are already there."""
    known = [row for row in predictions if row.label is not None]
    strange = sorted({row.label for row in known if row.label} - set(classes))
    if strange or not known:
        what = f"the class {strange[0]!r}, which the model does not know" if strange else "no labels"
        raise BadImages(f"{name} has {what}: evaluate on images with the model's classes")
    confusion = confusion_matrix(known, classes)
    right = int(np.trace(confusion))
    return {
        "accuracy": right / len(known),
        "images": len(known),
        "interval": list(wilson(right, len(known))),
        "per_class": per_class(confusion, classes),
        "confusion": confusion.tolist(),
    }


def confusion_matrix(predictions: list[Prediction], classes: tuple[str, ...]) -> np.ndarray:
    """How often each true class (row) was called each class (column), int64 ``[classes, classes]``."""
    place = {name: index for index, name in enumerate(classes)}
    matrix = np.zeros((len(classes), len(classes)), np.int64)
    for row in predictions:
        if row.label is not None:
            matrix[place[row.label], place[row.predicted]] += 1
    return matrix


def per_class(confusion: np.ndarray, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class; None where nothing was there to count."""
    right, true, said = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    share = lambda part, whole: float(part / whole) if whole else None  # noqa: E731
    return [
        {
            "class": name,
            "images": int(true[i]),
            "precision": share(right[i], said[i]),
            "recall": share(right[i], true[i]),
            "f1": share(2 * right[i], true[i] + said[i]),
        }
        for i, name in enumerate(classes)
    ]


def wilson(right: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927), rounded to a tenth of a per cent.

    >>> wilson(0, 10)
    (0.0, 0.278)
    """
    share, weight = right / total, z * z / total
    centre = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / total + weight / (4 * total)) / (1 + weight)
    return round(max(centre - half, 0.0), 3), round(min(centre + half, 1.0), 3)


def _probabilities(model: Model, images: Images) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(images), BATCH):
        rows = range(start, min(start + BATCH, len(images)))
        batch = torch.stack([model.preprocess(images[row]) for row in rows])
        yield start, model.probabilities(batch).numpy()
