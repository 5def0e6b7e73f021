"""What the verbs take in Python: whatever names a network, and pictures as people hold them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import convscope as cs
from convscope.ask.run import run_images
from convscope.errors import BadAtlas, BadImages, BadModel, BadSpec, UnknownName

from .conftest import convscope


def test_verbs_take_whatever_names_a_network(run, photos, tmp_path):
    model, photo = cs.open_model(run), str(photos / "disc" / "00.png")
    atlas = cs.survey(run, photos, into=tmp_path / "a", layers=["relu1"], project="none", photos=0)
    assert (atlas.manifest["model"]["id"], list(atlas.layers)) == (model.id, ["relu1"])
    assert cs.predict(run, photo)[0].probability == cs.predict([model], photo)[0].probability
    assert cs.evaluate(str(run), photos)["images"] == 48
    assert cs.summary(str(run)).parameters == model.parameters == cs.summary(model).parameters


@pytest.mark.parametrize("verb", ["survey", "survey_shard", "why", "shift", "publish"])
def test_a_setting_that_nobody_knows_is_named_with_the_nearest(verb, run, tmp_path):
    words = {
        "survey": {"into": tmp_path, "phtos": 3}, "survey_shard": {"into": tmp_path, "shard": cs.Shard(1, 1), "phtos": 3},
        "why": {"chanels": 3}, "shift": {"axes": "x"}, "publish": {"profil": "lesson"},
    }  # fmt: skip
    with pytest.raises(
        UnknownName, match=r"unknown setting '\w+': did you mean (photos|channels|axis|profile)"
    ):
        getattr(cs, verb)(run, "unread", **words[verb])


def test_publish_takes_a_place_and_says_where_nothing_is(tmp_path):
    with pytest.raises(BadAtlas, match="nowhere"):
        cs.publish(tmp_path / "nowhere", tmp_path / "site")


def test_a_picture_may_be_a_file_of_pillow_an_array_or_a_uint8_tensor(run, photos):
    model, path = cs.open_model(run), photos / "disc" / "00.png"
    pixels = np.asarray(Image.open(path))
    expected = cs.look(model, pixels, "relu1:1", "gradient").array.tobytes()
    for picture in (path, str(path), Image.open(path), torch.from_numpy(pixels.copy()).permute(2, 0, 1)):
        assert cs.look(model, picture, "relu1:1", "gradient").array.tobytes() == expected


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        (np.zeros((32, 32, 3), np.int64), BadImages, r"int64 of shape \(32, 32, 3\) is no picture: give a picture as uint8"),
        (torch.zeros(3, 32, 32, dtype=torch.int16), BadImages, "a tensor of torch.int16 is no finished input: give"),
        (np.zeros((32, 32, 3)), BadModel, r"input shape \(3, 32, 32\), not \(32, 32, 3\): give a picture as uint8"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_never_shown_to_the_network(run, picture, error, message):
    with pytest.raises(error, match=message):
        cs.look(cs.open_model(run), picture, "relu1:1", "gradient")


def test_what_is_no_lens_is_said(run, photos):
    with pytest.raises(BadSpec, match=r"is no lens: write one with its settings, cs.Gradient\(\)"):
        cs.look(cs.open_model(run), photos / "disc" / "00.png", "relu1:1", cs.Gradient)


def test_an_epoch_of_a_run_knows_the_images_of_its_run(run, photos):
    said = json.loads(convscope("evaluate", f"{run}@1", "--json").out)
    model, images = cs.open_model(f"{run}@1"), run_images(run).split("val")
    right = [row.predicted == row.label for row in cs.predict(model, images)]
    assert (said["images"], said["accuracy"]) == (len(images), sum(right) / len(right))


def test_a_run_is_surveyed_on_its_own_held_out_images_or_on_all_of_others(run, photos, few, here):
    words = ("survey", run, "--project", "none", "--photos", 0, "--layers", "relu1", "--json", "--data")
    own = json.loads(convscope(*words, photos, "--into", here / "own").out)
    assert own["images"] == len(run_images(run).split("val"))
    other = json.loads(convscope(*words, few(cat=3, dog=1)).out)
    assert (other["images"], other["atlas"]) == (4, f"{run.name}-atlas")
