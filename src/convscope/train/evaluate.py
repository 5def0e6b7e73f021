"""How often a model is right, with its interval; and what it says of single images."""

from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images import open_images
from convscope.nets.open import open_model
from convscope.plain.share import Share
from convscope.train.calibration import calibration
from convscope.train.predict import Prediction, predict

MISTAKES = 50  # listed in report.json
PAIRS = 20


def evaluate(model: Any, images: Any, split: str | None = None) -> dict[str, Any]:
    """Accuracy with its interval, class by class, and how far its probabilities can be trusted.

    ``model`` is a ``Model`` or anything ``open_model`` takes, ``images`` anything ``open_images`` takes; those whose
    class is known count. The keys are those of ``report.json``: accuracy, images, interval (Wilson, 95 %), top_5 (with more than five classes), balanced_accuracy and macro_f1 (means over classes),
    commonest (the share of the commonest class), per_class, confusion (rows: true, columns: predicted),
    confused (pairs, most frequent first), mistakes (surest first), calibration. Raises BadImages where there
    is nothing to compare.

    >>> evaluate(model, images)["accuracy"]  # doctest: +SKIP
    0.883
    """
    opened, source = open_model(model), open_images(images)
    judged = source if split is None else source.split(split)
    return measure(predict(opened, judged), opened.classes, judged.name, opened.calibration)


def measure(
    predictions: list[Prediction], classes: tuple[str, ...], name: str, temperature: float = 1.0
) -> dict[str, Any]:
    """The same from predictions that are already there, made with a fitted temperature."""
    known = [row for row in predictions if row.label is not None]
    strange = sorted({row.label for row in known if row.label} - set(classes))
    if strange or not known:
        what = f"the class {strange[0]!r}, which the model does not know" if strange else "no labels"
        raise BadImages(f"{name} has {what}: evaluate on images with the model's classes")
    confusion = confusion_matrix(known, classes)
    right = int(np.trace(confusion))
    probabilities = np.stack([row.probabilities for row in known])
    labels = np.array([classes.index(row.label or "") for row in known])
    return {
        "accuracy": right / len(known),
        "images": len(known),
        "interval": [round(end, 3) for end in Share(right, len(known)).interval],
        **_whole(confusion, probabilities, labels),
        "per_class": per_class(confusion, classes),
        "confusion": confusion.tolist(),
        "confused": confused(confusion, classes)[:PAIRS],
        "mistakes": mistakes(known)[:MISTAKES],
        "calibration": calibration(probabilities, labels, temperature),
    }


def _whole(confusion: np.ndarray, probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Single numbers beside the accuracy; classes without images do not count in means over classes."""
    right, true, said = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    there, spoken = true > 0, true + said > 0
    numbers = {
        "balanced_accuracy": float((right[there] / true[there]).mean()),
        "macro_f1": float((2 * right[spoken] / (true + said)[spoken]).mean()),
        "commonest": float(true.max() / true.sum()),
    }
    if len(confusion) > 5:
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, :5]
        numbers["top_5"] = float((best == labels[:, None]).any(1).mean())
    return numbers


def confused(confusion: np.ndarray, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Pairs of a true class and another it was called, the most frequent first."""
    wrong = confusion - np.diag(np.diag(confusion))
    pairs = sorted(zip(*np.nonzero(wrong), strict=True), key=lambda pair: (-wrong[pair], pair))
    return [
        {"label": classes[i], "predicted": classes[j], "images": int(wrong[i, j]), "of": int(confusion[i].sum())}
        for i, j in pairs
    ]  # fmt: skip


def mistakes(predictions: list[Prediction]) -> list[dict[str, Any]]:
    """Wrong answers, the surest first: the first places to look for wrong labels."""
    wrong = [row for row in predictions if row.label is not None and row.predicted != row.label]
    wrong.sort(key=lambda row: (-row.probability, row.id))
    return [
        {"id": row.id, "label": row.label, "predicted": row.predicted, "probability": row.probability}
        for row in wrong
    ]


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
