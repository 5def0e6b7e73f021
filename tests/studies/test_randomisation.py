"""Cascading randomisation, against scipy and against what must hold."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from convscope.lenses import read_lens
from convscope.lenses.deconvnet import Deconvnet
from convscope.lenses.gradient import Gradient
from convscope.model.model import Model
from convscope.plain.fit import Fit
from convscope.plain.unit import Unit
from convscope.studies.randomisation import below, randomisation, similarity


def model() -> Model:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 4, 3), nn.ReLU(), nn.Flatten()
    )
    return Model(module, fit=Fit(16, 16), mean=(0.5,) * 3, std=(0.25,) * 3)


IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("ties", [False, True])
def test_similarity_is_spearmans(ties: bool) -> None:
    rng = np.random.default_rng(1)
    first, second = (rng.integers(0, 6, 50) if ties else rng.normal(size=50) for _ in range(2))
    assert similarity(first, second) == pytest.approx(spearmanr(np.abs(first), np.abs(second)).statistic)
    assert similarity(first, np.zeros(50)) == 0.0


def test_the_last_layer_goes_first_and_layers_above_are_left_out() -> None:
    assert below(model(), Unit("4", 1)) == ["3", "0"]
    assert below(model(), Unit("1", 1)) == ["0"]


def test_the_model_is_not_changed_and_the_seeds_decide() -> None:
    subject = model()
    before = subject.id
    first = randomisation(subject, Unit("4", 1), IMAGE, Gradient())
    assert Model(subject.module, fit=subject.fit, mean=subject.mean, std=subject.std).id == before
    assert first == randomisation(subject, Unit("4", 1), IMAGE, Gradient())
    assert len({value for step in first for value in step.similarity}) > 3


@pytest.mark.parametrize("text", [
    "deconvnet", "guided", "gradient-times-input", "integrated-gradients:steps=4", "smoothgrad:n=2", "gradcam",
    "occlusion:size=4", "activation", "maximisation:steps=2", "effective-field",
])  # fmt: skip
def test_any_lens_can_be_put_to_it(text: str) -> None:
    lens = read_lens(text)
    cascade = randomisation(model(), Unit("4", 1), IMAGE, lens, seeds=2)
    (last,) = randomisation(model(), Unit("4", 1), IMAGE, lens, seeds=2, cascading=False)
    assert [step.module for step in cascade] == ["3", "0"]
    assert last == cascade[-1]
    assert all(-1 <= value < 0.999 for value in last.similarity)
    assert f"rank correlation {last.mean:.3f} ± {np.std(last.similarity):.3f}" in last.sentence


def test_a_first_layer_map_is_forgotten_with_its_only_layer() -> None:
    (step,) = randomisation(model(), Unit("1", 2, (5, 5)), IMAGE, Deconvnet(), seeds=20)
    # zeros outside the kernel agree; inside, 27 fresh numbers have nothing to do with the old ones
    outside_only = similarity(
        np.r_[np.zeros(741), np.arange(1, 28)],
        np.r_[np.zeros(741), np.random.default_rng(0).permutation(27) + 1],
    )
    assert step.mean == pytest.approx(outside_only, abs=0.02)
