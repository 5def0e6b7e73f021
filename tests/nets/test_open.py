"""Opening networks of every kind, and what is said where something is missing."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from convscope.errors import BadModel, BadSpec, UnknownName
from convscope.model.store import save_model
from convscope.nets.open import open_model
from convscope.nets.preprocessing import IMAGENET_MEAN

SPEC = "4c3 p2 fc5"


def small(**asked):
    return open_model(SPEC, **{"input_size": 8, "classes": ("cat", "dog"), **asked})


def test_a_model_passes_through():
    model = small()
    assert open_model(model) is model


def test_a_spec_gives_named_layers_classes_and_a_note_on_random_weights():
    model = small(input_size=(1, 9, 8))
    assert list(dict(model.module.named_children()))[:3] == ["conv1", "relu1", "pool1"]
    assert (model.fit.channels, model.fit.height, model.fit.width) == (1, 9, 8)
    assert model.classes == ("cat", "dog")
    assert "weights are random" in " ".join(model.notes)


def test_the_seed_decides_the_weights_and_leaves_torch_alone():
    torch.manual_seed(5)
    undisturbed = torch.rand(3)
    torch.manual_seed(5)
    assert small(seed=1).id == small(seed=1).id != small(seed=2).id
    assert torch.equal(torch.rand(3), undisturbed)


@pytest.mark.parametrize("place", ["model", "."])
def test_a_saved_model_comes_back_the_same(tmp_path, place):
    model = small()
    save_model(model, tmp_path / place)
    again = open_model(tmp_path)
    image = torch.rand(1, 3, 8, 8)
    assert again.id == model.id
    assert torch.equal(again.module(image), model.module(image))


def test_weights_come_from_safetensors(tmp_path):
    save_file(small(seed=7).module.state_dict(), tmp_path / "w.safetensors")
    model = small(weights=tmp_path / "w.safetensors")
    assert model.id == small(seed=7).id
    assert not model.notes or "random" not in " ".join(model.notes)


def test_torchvision_names_bring_geometry_normalisation_and_classes():
    model = open_model("squeezenet1_1")
    weights = models.SqueezeNet1_1_Weights.DEFAULT
    assert (model.fit.height, model.fit.resize, model.fit.how) == (224, 256, "crop")
    assert model.mean == tuple(weights.transforms().mean)
    assert model.classes[1] == weights.meta["categories"][1] == "goldfish"
    assert len(set(model.classes)) == 1000


def test_torchvision_preprocessing_equals_its_own_transform():
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 255, (8, 11, 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(noise).resize((300, 261)))
    ours = open_model("squeezenet1_1").preprocess(image)
    theirs = models.SqueezeNet1_1_Weights.DEFAULT.transforms()(Image.fromarray(image))
    torch.testing.assert_close(ours, theirs)


def test_a_bare_torchvision_module_is_known_too():
    model = open_model(models.squeezenet1_1(num_classes=3))
    assert model.mean == IMAGENET_MEAN
    assert model.fit.height == 224
    assert len(model.classes) == 3


def test_timm_names_bring_their_configuration():
    pytest.importorskip("timm")
    model = open_model("timm:mobilenetv3_small_050")
    assert model.architecture["kind"] == "timm"
    assert (model.fit.height, model.fit.bicubic) == (224, True)


def test_a_module_with_its_size_keeps_its_channels_and_its_mode():
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.LazyLinear(2))
    module(torch.zeros(1, 1, 12, 10))
    model = open_model(module.train(), input_size=(12, 10))
    assert model.module is module
    assert module.training
    assert (model.fit.channels, model.fit.height, model.fit.width) == (1, 12, 10)
    assert "pixels go in as 0 to 1" in model.notes[0]


def test_a_factory_in_a_file(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def tiny():\n    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 2))\n"
    )
    model = open_model(f"{tmp_path}/nets.py:tiny", input_size=8)
    assert model.name == "nets.py:tiny"
    with pytest.raises(UnknownName, match="unknown factory 'tinny': did you mean tiny"):
        open_model(f"{tmp_path}/nets.py:tinny", input_size=8)


@pytest.mark.parametrize(
    ("x", "asked", "error", "message"),
    [
        (SPEC, {}, BadModel, r"the spec '4c3 p2 fc5' needs input_size= and classes="),
        ("resnet19", {}, UnknownName, r"unknown network 'resnet19': did you mean resnet1"),
        ("4c3 9k9", {"input_size": 8, "classes": 2}, BadSpec, r"cannot read '9k9', token 2"),
        (nn.Conv2d(3, 2, 3), {}, BadModel, r"the input size of Conv2d is not known: pass input_size="),
        ("net.pth", {}, BadModel, r"net.pth: a torch file is a pickle.*save_file"),
        ("net.safetensors", {}, BadModel, r"weights alone are no network: open_model\(NAME"),
        ("nowhere.py:net", {}, BadModel, r"there is no file nowhere.py"),
        ("alexnet", {"weights": "IMAGENET9"}, UnknownName, r"unknown weights 'IMAGENET9'.*alexnet"),
        ("alexnet", {"weights": "none.safetensors"}, BadModel, r"cannot read the weights none"),
        ("alexnet", {"weights": "w.pt"}, BadModel, r"w.pt: a torch file is a pickle"),
    ],
)
def test_errors_say_what_to_do(x, asked, error, message):
    with pytest.raises(error, match=message):
        open_model(x, **asked)


def test_foreign_weights_name_the_first_keys(tmp_path):
    save_file(
        open_model("6c3 p2 fc5", input_size=8, classes=2).module.state_dict(), tmp_path / "w.safetensors"
    )
    with pytest.raises(BadModel, match=r"another shape for conv1.weight, conv1.bias"):
        small(weights=tmp_path / "w.safetensors")


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(BadModel, match=r"no model in .*model.json is missing. Train one"):
        open_model(tmp_path)
