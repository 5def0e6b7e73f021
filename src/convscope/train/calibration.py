"""Whether probabilities mean what they say, and the one number that mends most of it."""

from typing import Any

import numpy as np
import torch

from convscope.images.source import Images
from convscope.model.model import Model, as_scores
from convscope.train.predict import raw_scores, with_calibration

BINS = 15
SHARPEST, SOFTEST = 0.05, 20.0  # temperatures that are tried
HALVINGS = 60


def calibrate(model: Model, images: Images) -> Model:
    """The model with the temperature fitted on labelled images; only how sure it is changes.

    ``images`` are those of a validation split, never of training, where every network is too sure.
    """
    places = [model.classes.index(name) if name in model.classes else -1 for name in images.classes]
    labels = np.array([*places, -1], np.int64)[images.labels]
    known = images.subset(labels >= 0)
    answers = as_scores(torch.from_numpy(raw_scores(model, known)), model.ending).numpy()
    return with_calibration(model, fit_temperature(answers, labels[labels >= 0]))


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """What scores ``[n, classes]`` are best divided by: the least mean negative log-likelihood of the labels.

    Temperature scaling (Guo et al. 2017, arXiv 1706.04599, section 4.2). The likelihood is concave in one
    over the temperature, so its slope has one zero, found by halving between ``SHARPEST`` and ``SOFTEST``.
    Where every answer is right there is none: how sure to be cannot be told, and 1 is returned.

    >>> scores = np.array([[4.0, 0.0]] * 4)
    >>> round(fit_temperature(scores, np.array([0, 0, 0, 1])), 2)  # right 3 times in 4: 4 / log(3)
    3.64
    """
    scores = scores.astype(np.float64)
    if (scores.argmax(1) == labels).all():
        return 1.0
    low, high = np.log(1 / SOFTEST), np.log(1 / SHARPEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _slope(scores, labels, np.exp(middle)) > 0 else (middle, high)
    return float(np.exp(-(low + high) / 2))


def _slope(scores: np.ndarray, labels: np.ndarray, inverse: float) -> float:
    """Of the mean negative log-likelihood by one over the temperature: the expected score less the true one."""
    expected = (softmax(scores * inverse) * scores).sum(1)
    return float((expected - scores[np.arange(len(labels)), labels]).mean())


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def reliability(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    """Bins of equal width: how many answers are that sure, how sure on average, how often right.

    Bins include their upper edge, as in the paper above; mean and share are None where a bin is empty.
    """
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    bins = []
    for index in range(BINS):
        here = place == index
        bins.append(
            {
                "from": index / BINS,
                "to": (index + 1) / BINS,
                "images": int(here.sum()),
                "confidence": float(confidence[here].mean()) if here.any() else None,
                "accuracy": float(right[here].mean()) if here.any() else None,
            }
        )
    return bins


def expected_error(bins: list[dict[str, Any]]) -> float:
    """Expected calibration error: the mean gap between sureness and accuracy, weighted by images (Guo, equation 3)."""
    total = sum(row["images"] for row in bins)
    gaps = (row["images"] * abs(row["confidence"] - row["accuracy"]) for row in bins if row["images"])
    return sum(gaps) / total


def calibration(probabilities: np.ndarray, labels: np.ndarray, temperature: float) -> dict[str, Any]:
    """How far to trust probabilities ``[n, classes]`` of images of known class, before and after the temperature.

    ``ece`` is the error of the probabilities as given, ``ece_before`` and ``nll_before`` of the same ones
    with the temperature taken out again.
    """
    before = probabilities.astype(np.float64) ** temperature
    stages = {"_before": before / before.sum(1, keepdims=True), "": probabilities.astype(np.float64)}
    about: dict[str, Any] = {"temperature": temperature, "bins": BINS}
    for stage, shares in stages.items():
        bins = reliability(shares.max(1), shares.argmax(1) == labels)
        true = shares[np.arange(len(labels)), labels]
        about[f"ece{stage}"] = expected_error(bins)
        about[f"nll{stage}"] = float(-np.log(true.clip(np.finfo(np.float32).tiny)).mean())
        about[f"reliability{stage}"] = bins
    return about
