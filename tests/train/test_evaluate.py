"""Measured accuracy against scikit-learn and printed intervals."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from convscope.errors import BadImages
from convscope.images import open_images
from convscope.nets.open import open_model
from convscope.plain.share import Share
from convscope.train.evaluate import evaluate, predict

CLASSES = ("a", "b", "c")


@pytest.fixture(scope="module")
def model():
    return open_model("4c3 p2", input_size=8, classes=CLASSES)


@pytest.fixture(scope="module")
def images():
    chance = np.random.default_rng(1)
    pixels = chance.integers(0, 255, (150, 9, 7, 3), dtype=np.uint8)
    return open_images(pixels, labels=chance.integers(0, 3, 150), classes=CLASSES)


def test_numbers_agree_with_scikit_learn(model, images):
    measured = evaluate(model, images)
    said = [CLASSES.index(row.predicted) for row in predict(model, images)]
    assert measured["confusion"] == confusion_matrix(images.labels, said).tolist()
    assert measured["accuracy"] == np.mean(np.array(said) == images.labels)
    expected = np.array(precision_recall_fscore_support(images.labels, said, zero_division=0))
    ours = [
        [row[key] or 0 for row in measured["per_class"]] for key in ("precision", "recall", "f1", "images")
    ]
    np.testing.assert_allclose(ours, expected)


def test_probabilities_are_those_of_one_image_at_a_time(model, images):
    import torch

    rows = predict(model, images)
    with torch.no_grad():
        alone = torch.softmax(model.module(model.preprocess(images[99])[None]), 1)[0].numpy()
    np.testing.assert_allclose(rows[99].probabilities, alone, rtol=1e-5)
    assert rows[99].id == images.ids[99]
    assert rows[99].top(CLASSES, 1) == [(rows[99].predicted, pytest.approx(rows[99].probability))]


def test_images_without_labels_are_predicted_but_not_measured(model, images):
    nameless = open_images([images[0]])
    assert predict(model, nameless)[0].label is None
    with pytest.raises(BadImages, match="has no labels: evaluate on images with the model's classes"):
        evaluate(model, nameless)


def test_classes_are_matched_by_name_and_not_by_number(model, images):
    backwards = open_images([images[0]] * 2, labels=["c", "b"], classes=("c", "b"))
    assert evaluate(model, backwards)["confusion"][1:] != evaluate(model, backwards)["confusion"][:2]
    assert [row.label for row in predict(model, backwards)] == ["c", "b"]


def test_a_class_the_model_does_not_know_is_named(model, images):
    foreign = open_images([images[0]], labels=["zebra"], classes=("zebra",))
    with pytest.raises(BadImages, match="has the class 'zebra', which the model does not know"):
        evaluate(model, foreign)


@pytest.mark.parametrize(("right", "total"), [(8, 10), (0, 10), (10, 10), (373, 445)])
def test_intervals_agree_with_scipy(right, total):
    expected = binomtest(right, total).proportion_ci(method="wilson")
    assert Share(right, total).interval == pytest.approx((expected.low, expected.high), abs=1e-6)
