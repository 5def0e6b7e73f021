"""Every place that names a class gives the probability that ``predict`` gives, whatever the network ends in."""

import numpy as np
import pytest
import torch
from torch import nn

from convscope.ask.figure import figure
from convscope.images import open_images
from convscope.lenses.occlusion import Occlusion
from convscope.nets.open import open_model
from convscope.nets.softmax import Softmax
from convscope.studies.maps import maps
from convscope.studies.occlusion import occlusion_sweep
from convscope.studies.shift import shift
from convscope.survey.run import survey


@pytest.fixture(scope="module", params=[nn.Identity(), nn.Softmax(1), nn.LogSoftmax(1), Softmax(4.0)])
def model(request):
    torch.manual_seed(1)
    scores = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 12 * 12, 3))
    with torch.no_grad():
        scores[-1].weight *= 8  # so that a temperature makes a difference
    return open_model(nn.Sequential(scores, request.param), input_size=16, mean=0.5, std=0.25)


PICTURE = np.random.default_rng(3).integers(0, 256, (16, 16, 3), dtype=np.uint8)


@pytest.fixture
def expected(model):
    """Literally: the scores, over the temperature, through a softmax."""
    scores, last = model.module
    with torch.no_grad():
        logits = scores((torch.from_numpy(PICTURE).permute(2, 0, 1)[None] / 255 - 0.5) / 0.25)
    return (logits / getattr(last, "temperature", 1.0)).softmax(1)[0].numpy()


def test_predictions_maps_and_figure(model, expected):
    assert model.probabilities(model.preprocess(PICTURE)[None])[0].numpy() == pytest.approx(
        expected, abs=1e-5
    )
    assert maps(model, PICTURE).named[0][1] == pytest.approx(expected.max(), abs=1e-5)
    assert dict(figure(model, PICTURE).classes)[model.classes[0]] == pytest.approx(expected[0], abs=1e-5)


def test_shifts_and_occlusion(model, expected):
    seen = shift(model, PICTURE, by="0")
    assert seen.model.probability[0, 0] == pytest.approx(expected.max(), abs=1e-5)
    assert occlusion_sweep(model, PICTURE, size=8, stride=8).clean.probability == pytest.approx(
        expected, abs=1e-5
    )
    unit = model.unit_of_class(model.classes[0])
    grey = model.probabilities(torch.zeros(1, 3, 16, 16))[0, 0]
    lens = Occlusion(size=16, stride=16, fill=0.5, measure="probability")
    assert lens.grid(model, unit, PICTURE)[0, 0] == pytest.approx(expected[0] - float(grey), abs=1e-4)


def test_surveys(model, expected, tmp_path):
    atlas = survey(model, open_images([PICTURE]), into=tmp_path, project=False, photos=0)
    assert atlas.images.probability[0] == pytest.approx(expected.max(), abs=1e-5)
