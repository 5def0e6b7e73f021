"""What the lessons show of a network, against a literal sweep and the network itself."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import convscope as cs
from convscope.ask.lessons import measure_lessons
from convscope.errors import BadAtlas
from convscope.images import open_images

CLASSES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory):
    """A random network of three classes, 12 pictures and their atlas."""
    torch.manual_seed(3)
    layers = (
        nn.Conv2d(3, 6, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 8, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
    )
    module = nn.Sequential(*layers, nn.Flatten(), nn.Linear(8, 3)).eval()
    module[-1].weight.data *= 40  # so that it is sure of something
    model = cs.open_model(module, classes=CLASSES, input_size=32, mean=(0.5,) * 3, std=(0.25,) * 3)
    images = open_images("emoji").subset(range(11, -1, -1))
    atlas = cs.survey(model, images, into=tmp_path_factory.mktemp("atlas") / "a", project=False)
    return model, images, atlas


@pytest.fixture(scope="module")
def measured(surveyed):
    model, images, atlas = surveyed
    return measure_lessons(model, images, atlas.path)


def shares(model, pixels: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return torch.softmax(model.module(pixels), dim=1)[0].double().numpy()


def test_the_sweep_is_what_the_network_says_of_covered_pictures(surveyed, measured):
    model, images, atlas = surveyed
    swept = measured["occlusion"]
    pixels = model.preprocess(images[images.ids.index(atlas.images.ids[swept["row"]])])[None]
    np.testing.assert_allclose(swept["clean"], shares(model, pixels)[swept["classes"]], atol=1e-5)
    places = np.array(swept["probability"])
    assert places.shape == (
        2,
        (32 - swept["size"]) // swept["stride"] + 1,
        (32 - swept["size"]) // swept["stride"] + 1,
    )
    grey = model.preprocess(np.full((32, 32, 3), 128, np.uint8))
    for y, x in ((0, 0), (3, 5), (places.shape[1] - 1, 2)):
        top, left, size = y * swept["stride"], x * swept["stride"], swept["size"]
        covered = pixels.clone()
        covered[0, :, top : top + size, left : left + size] = grey[:, top : top + size, left : left + size]
        np.testing.assert_allclose(places[:, y, x], shares(model, covered)[swept["classes"]], atol=2e-2)
    assert swept["classes"][0] != swept["classes"][1]
    assert swept["classes"][0] == int(shares(model, pixels).argmax())


def test_no_shift_changes_nothing_and_a_shift_does(surveyed, measured):
    shift = measured["shift"]
    assert shift["steps"][0] == 0
    assert all(layer["change"][0] == 0 < layer["change"][-1] for layer in shift["layers"])
    assert shift["layers"][-1]["layer"] == surveyed[0].output
    assert shift["kept"][0] == 1


def test_a_used_field_lies_within_what_can_be_seen(surveyed, measured):
    widths = measured["fields"]["width"]
    assert widths
    for name, (tall, wide) in widths.items():
        assert 0 < tall <= surveyed[2].layers[name].field.size[0]
        assert 0 < wide <= surveyed[2].layers[name].field.size[1]


def test_what_was_measured_is_read_back(surveyed, measured):
    assert json.loads(json.dumps(measured)) == {
        key: part for key, part in cs.open_atlas(surveyed[2].path).lessons.items() if key != "schema"
    }


def test_another_network_and_other_images_are_refused(surveyed):
    model, images, atlas = surveyed
    with pytest.raises(BadAtlas, match=r"was made from another model than .*: survey this one first"):
        measure_lessons(cs.open_model("6c3 gap", classes=CLASSES, input_size=32), images, atlas.path)
    with pytest.raises(BadAtlas, match=r"lack picture .*: give the images of the survey with --data"):
        measure_lessons(model, images.subset([0]), atlas.path)
