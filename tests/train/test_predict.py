"""Several networks as one, withheld answers and pictures that cannot be read, against literal countings."""

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import BadImages, BadModel, BadSpec
from convscope.images import Images, open_images
from convscope.nets.open import open_model
from convscope.train.predict import predict, together

CLASSES = ("ant", "bee", "cat")


def network(seed: int, classes: tuple[str, ...] = CLASSES):
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 36, 3))
    with torch.no_grad():
        layers[-1].weight *= 6
    return open_model(layers, input_size=8, mean=0.5, std=0.25, classes=classes)


MODELS = [network(0), network(1, ("cat", "ant", "bee")), network(2), network(3)]


@pytest.fixture(scope="module")
def images():
    pixels = np.random.default_rng(8).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    return open_images(pixels, labels=[0, 1, 2] * 20, classes=CLASSES)


@pytest.fixture(scope="module")
def by_name(images):
    """Image -> model -> class name -> probability, each network asked by itself, one image at a time."""
    return [
        [
            dict(zip(one.classes, one.probabilities(one.preprocess(image)[None])[0].tolist(), strict=True))
            for one in MODELS
        ]
        for image in images
    ]


def test_the_mean_is_that_of_each_name(images, by_name):
    for row, answers in zip(predict(MODELS, images), by_name, strict=True):
        means = {name: sum(one[name] for one in answers) / 4 for name in CLASSES}
        assert dict(row.top(CLASSES, 3)) == pytest.approx(means, abs=1e-5)
        assert row.predicted == max(means, key=means.get)
        assert row.votes == sum(max(one, key=one.get) == row.predicted for one in answers)


def test_a_vote_is_counted_and_a_tie_goes_to_the_higher_mean(images, by_name):
    ties = 0
    for row, answers in zip(predict(MODELS, images, combine="vote"), by_name, strict=True):
        counts = Counter(max(one, key=one.get) for one in answers)
        best = [name for name in counts if counts[name] == max(counts.values())]
        ties += len(best) > 1
        assert row.predicted == max(best, key=lambda name: sum(one[name] for one in answers))
        assert row.votes == counts[row.predicted]
        assert row.probabilities.sum() == pytest.approx(1)
    assert ties > 3


def test_one_network_voting_is_itself():
    shares = np.array([[0.2, 0.5, 0.3]], np.float32)
    assert together(shares, "vote").tolist() == shares[0].tolist()


def test_unsure_answers_are_withheld(images):
    sure = predict(MODELS[0], images)
    threshold = sorted(row.probability for row in sure)[30]
    rows = predict(MODELS[0], images, abstain=threshold)
    assert sum(row.abstained for row in rows) == 30
    assert all(row.predicted == ("" if row.probability < threshold else was.predicted) for row, was in zip(rows, sure, strict=True))  # fmt: skip


def test_a_picture_that_cannot_be_read_is_told_and_the_rest_is_answered(images):
    def read(row):
        if row in (3, 59):
            raise BadImages("cut short")
        return images[row]

    broken = Images("broken", images.ids, images.labels, CLASSES, images.splits, read)
    told = []
    rows = predict(MODELS[0], broken, on_problem=told.append)
    assert [(one.path, one.reason) for one in told] == [("00003", "cut short"), ("00059", "cut short")]
    assert [row.id for row in rows] == [name for name in images.ids if name not in ("00003", "00059")]
    whole = {row.id: row.predicted for row in predict(MODELS[0], images)}
    assert all(row.predicted == whole[row.id] for row in rows)
    with pytest.raises(BadImages, match="cut short"):
        predict(MODELS[0], broken)


def test_finished_tensors_are_answered_as_they_are():
    tensors = torch.randn(5, 3, 8, 8)
    rows = predict(MODELS[0], open_images(tensors))
    expected = MODELS[0].module(tensors).softmax(1).detach().numpy()
    np.testing.assert_allclose([row.probabilities for row in rows], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("models", "options", "error", "message"),
    [
        ([MODELS[0], network(0, ("ant", "bee", "dog"))], {}, BadModel, "cannot answer together: only .* knows the class 'cat'"),
        ([], {}, BadModel, "there is no model to ask"),
        (MODELS, {"abstain": 80}, BadSpec, "abstain is 80: choose a probability from 0 to 1"),
        (MODELS, {"combine": "median"}, BadSpec, "combine is 'median': choose mean or vote"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(images, models, options, error, message):
    with pytest.raises(error, match=message):
        predict(models, images, **options)
