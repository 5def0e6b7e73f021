"""A saved model comes back bit for bit, and not at all where a byte of it has changed."""

import json

import pytest
import torch
from torch import nn

import convscope as cs
from convscope.errors import BadModel


@pytest.fixture
def saved(tmp_path):
    model = cs.open_model("4c3 p2 fc5", input_size=8, classes=("cat", "dog"))
    return model, cs.save_model(model, tmp_path / "kept")


def test_what_was_saved_is_opened_bit_equal(saved):
    model, folder = saved
    again = cs.open_model(folder)
    assert again.id == model.id
    pairs = zip(model.module.state_dict().values(), again.module.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


def test_every_flipped_bit_of_the_weights_is_noticed(saved):
    _, folder = saved
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(BadModel, match=r"is damaged: its SHA-256 is not the one in model.json"):
            cs.open_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 9}, "is not a convscope model of schema 1: it says 9"),
        ({"architecture": {"kind": "os.system"}}, "unknown architecture 'os.system': this version rebuilds"),
        ({"architecture": {"kind": "spec", "spec": "9c3"}}, "cannot rebuild the spec network"),
        ({"fit": {"height": 8}}, "model.json is incomplete"),
    ],
)
def test_a_changed_manifest_is_refused(saved, change, message):
    _, folder = saved
    about = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(about | change))
    with pytest.raises(BadModel, match=message):
        cs.open_model(folder)


def test_a_network_of_the_users_own_code_says_how_to_keep_it(tmp_path):
    model = cs.open_model(nn.Sequential(nn.Conv2d(3, 2, 8), nn.Flatten()), input_size=8)
    with pytest.raises(
        BadModel, match=r"Sequential is built by code of your own.*open_model\('net.py:factory'"
    ):
        cs.save_model(model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_weights_that_are_not_finite_are_not_saved(saved, tmp_path):
    model, _ = saved
    model.module.conv1.bias.data[0] = torch.inf
    with pytest.raises(BadModel, match=r"holds NaN or infinity in conv1.bias"):
        cs.save_model(model, tmp_path / "broken")
    assert not (tmp_path / "broken").exists()
