"""A softmax behind a network: what is predicted, and which layer stays the one of class scores."""

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import BadModel
from convscope.images import open_images
from convscope.nets.build import build
from convscope.nets.open import open_model
from convscope.nets.softmax import Softmax
from convscope.train.evaluate import predict


def net():
    torch.manual_seed(0)
    made = build("4c3 p2", classes=3, channels=3, height=8, width=8)
    nn.init.normal_(made.logits.weight)
    return made


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_predictions_follow_the_temperature(temperature):
    plain = net()
    headed = open_model(nn.Sequential(plain, Softmax(temperature)), input_size=8, mean=0, std=1)
    images = open_images([np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)])
    logits = plain.eval()(headed.preprocess(images[0])[None])[0].detach().numpy().astype(float)
    powers = np.exp(logits / temperature)
    assert predict(headed, images)[0].probabilities == pytest.approx(powers / powers.sum(), rel=1e-4)


@pytest.mark.parametrize("head", [Softmax(2.0), Softmax(), nn.Softmax(1), nn.LogSoftmax(1)])
def test_the_layer_of_class_scores_is_the_one_before_it(head):
    model = open_model(nn.Sequential(net(), head), input_size=8)
    assert model.output == "0.logits"
    batch = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(model.probabilities(batch).sum(1), torch.ones(2))


def test_a_temperature_must_divide():
    with pytest.raises(BadModel, match="a temperature of 0 cannot divide scores: give a number above zero"):
        Softmax(0)
