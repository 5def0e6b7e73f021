"""Temperature against a search that knows nothing of slopes, calibration error against loops, and what stays the same."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss
from torch import nn

from convscope.errors import BadModel
from convscope.images import open_images
from convscope.model.export import Classifier
from convscope.model.model import Model
from convscope.model.store import save_model
from convscope.nets.open import open_model
from convscope.plain.fit import Fit
from convscope.train.calibration import calibrate, calibration, fit_temperature
from convscope.train.predict import with_calibration

CLASSES = ("a", "b", "c", "d")


def drawn(count: int = 300, strength: float = 6.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are a good deal too large for how often they are right, and labels."""
    chance = np.random.default_rng(4)
    labels = chance.integers(0, 4, count)
    scores = chance.normal(size=(count, 4)) + 1.2 * np.eye(4)[labels]
    return strength * scores, labels


@pytest.mark.parametrize("strength", [0.3, 1.0, 6.0])
def test_the_temperature_minimises_the_log_loss(strength):
    scores, labels = drawn(strength=strength)

    def loss(temperature):
        shares = torch.from_numpy(scores / temperature).softmax(1).numpy()
        return log_loss(labels, shares, labels=range(4))

    best = minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-7}).x
    assert fit_temperature(scores, labels) == pytest.approx(best, rel=1e-4)


def test_it_stays_one_where_nothing_is_wrong_and_in_bounds_where_all_is():
    scores, labels = drawn()
    assert fit_temperature(scores, scores.argmax(1)) == 1.0
    assert fit_temperature(np.zeros((0, 4)), labels[:0]) == 1.0
    assert fit_temperature(scores, scores.argmin(1)) == pytest.approx(20)


def literal_error(shares, labels, bins=15):
    """Guo et al., equation 3, word by word: bin m holds confidences in ((m - 1) / M, m / M]."""
    error = 0.0
    for m in range(1, bins + 1):
        inside = [i for i, p in enumerate(shares) if (m - 1) / bins < p.max() <= m / bins]
        if inside:
            accuracy = sum(shares[i].argmax() == labels[i] for i in inside) / len(inside)
            confidence = sum(float(shares[i].max()) for i in inside) / len(inside)
            error += len(inside) / len(shares) * abs(accuracy - confidence)
    return error


def test_errors_before_and_after_are_those_of_the_definition():
    scores, labels = drawn()
    before, after = (torch.from_numpy(scores / t).softmax(1).numpy() for t in (1.0, 5.0))
    about = calibration(after, labels, 5.0)
    assert about["ece"] == pytest.approx(literal_error(after, labels), abs=1e-9)
    assert about["ece_before"] == pytest.approx(literal_error(before, labels), abs=1e-9)
    assert about["nll"] == pytest.approx(log_loss(labels, after, labels=range(4)))
    assert about["nll_before"] == pytest.approx(log_loss(labels, before, labels=range(4)))
    assert sum(row["images"] for row in about["reliability"]) == len(labels)
    assert about["ece"] < about["ece_before"] / 2


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    about = calibration(np.array([[1.0, 0.0], [0.6, 0.4]]), np.array([0, 0]), 1.0)
    filled = {index for index, row in enumerate(about["reliability"]) if row["images"]}
    assert filled == {8, 14}  # (8/15, 9/15] and (14/15, 1]


@pytest.fixture(scope="module", params=[None, nn.Softmax(1), nn.LogSoftmax(1)])
def model(request):
    torch.manual_seed(2)
    layers = [nn.Conv2d(3, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4)]
    with torch.no_grad():
        layers[-1].weight *= 12
    last = [] if request.param is None else [request.param]
    return open_model(nn.Sequential(*layers, *last), input_size=12, mean=0.5, std=0.25, classes=CLASSES)


@pytest.fixture(scope="module")
def images():
    chance = np.random.default_rng(5)
    pixels = (chance.integers(60, 256, (80, 1, 1, 3)) * chance.random((80, 12, 12, 3))).astype(np.uint8)
    return open_images(pixels, labels=chance.integers(-1, 4, 80), classes=CLASSES)


def test_a_calibrated_model_keeps_its_order_and_divides_its_scores(model, images):
    fitted = calibrate(model, images)
    batch = torch.stack([model.preprocess(one) for one in images])
    with torch.no_grad():
        logits = model.module[:5](batch)
    known = images.labels >= 0
    assert fitted.calibration == pytest.approx(
        fit_temperature(logits.numpy()[known], images.labels[known]), rel=1e-4
    )
    assert fitted.calibration != 1
    torch.testing.assert_close(fitted.probabilities(batch), (logits / fitted.calibration).softmax(1))
    assert torch.equal(fitted.probabilities(batch).argsort(1), model.probabilities(batch).argsort(1))
    assert fitted.temperature == pytest.approx(fitted.calibration)
    assert model.calibration == 1
    assert fitted.id != model.id


def test_an_export_carries_the_temperature(model, images):
    fitted = with_calibration(model, 3.0)
    picture = torch.from_numpy(images[0])[None]
    expected = fitted.probabilities(fitted.preprocess(images[0])[None])
    torch.testing.assert_close(Classifier(fitted)(picture), expected, atol=1e-5, rtol=1e-5)


def test_classes_in_another_order_are_matched_by_name(model, images):
    other = open_images(images, classes=("d", "c", "b", "a"))
    assert calibrate(model, other).calibration == pytest.approx(calibrate(model, images).calibration)


def test_a_saved_model_remembers_its_temperature(tmp_path):
    model = with_calibration(open_model("4c3 p2", input_size=8, classes=CLASSES), 1.5)
    save_model(model, tmp_path)
    again = open_model(tmp_path)
    assert (again.calibration, again.id) == (1.5, model.id)
    text = (tmp_path / "model.json").read_text()
    (tmp_path / "model.json").write_text(text.replace('"temperature": 1.5', '"temperature": -1'))
    with pytest.raises(BadModel, match=r"a temperature of -1\.0 cannot divide scores"):
        open_model(tmp_path)


def test_a_temperature_must_divide():
    with pytest.raises(BadModel, match="a temperature of 0 cannot divide scores: give a number above zero"):
        Model(nn.Flatten(), fit=Fit(2, 2), mean=(), std=(), calibration=0)
