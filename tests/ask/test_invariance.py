"""Which pictures are moved, and that what was measured is kept in the atlas and goes with it."""

import numpy as np
import pytest
import torch
from torch import nn

import convscope as cs
from convscope.ask.invariance import five, measure_invariance, watched
from convscope.atlas import layout, write
from convscope.atlas.moves import read_invariance
from convscope.errors import BadAtlas
from convscope.images import open_images


def network(seed: int):
    torch.manual_seed(seed)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    )
    return cs.open_model(
        module.eval(), classes=["a", "b", "c"], input_size=16, mean=(0.5,) * 3, std=(0.25,) * 3
    )


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory):
    model, images = network(3), open_images("emoji").subset(range(8))
    return model, images, cs.survey(model, images, into=tmp_path_factory.mktemp("atlas") / "a", project=False)


def test_it_is_kept_beside_the_numbers_and_forgotten_with_another_network(surveyed):
    model, images, atlas = surveyed
    found = measure_invariance(model, images, atlas.path)
    kept = read_invariance(atlas)
    assert kept.rows == found.rows == tuple(five(atlas))
    assert kept.classes == tuple(watched(atlas, row) for row in kept.rows)
    still = found.moved["scale"].probability[:, 0]
    np.testing.assert_allclose(still, atlas.images.probability[list(kept.rows)], atol=1e-5)
    write.forget_answers(atlas.path, pictures=False)
    assert not (atlas.path / layout.INVARIANCE).exists()


def test_an_atlas_of_some_layers_is_measured_on_those_and_the_scores(surveyed, tmp_path):
    model, images, _ = surveyed
    chosen = next(name for name in model.layers if name not in model.surveyed)
    atlas = cs.survey(model, images, into=tmp_path / "few", layers=chosen, project=False)
    measure_invariance(model, images, atlas.path)
    assert read_invariance(atlas).layers == [chosen, model.output]


def test_another_network_is_refused(surveyed):
    _, images, atlas = surveyed
    with pytest.raises(BadAtlas, match=r"was made from another model.*survey this one first"):
        measure_invariance(network(4), images, atlas.path)


def test_rightly_named_pictures_come_first_and_classes_take_turns():
    class Known:
        chosen = (0, 1, 2, 3, 4, 5, 6, 7)
        truth = np.array([0, 0, 0, 0, 1, 2, -1, 2])

        class images:
            predicted = np.array([0, 0, 0, 0, 1, 2, 1, 0])

    # 7 is wrong; 6 has no label, so it is of the class it was called; 0, 4, 5 are the first of their classes
    assert five(Known) == [0, 1, 4, 5, 6]
