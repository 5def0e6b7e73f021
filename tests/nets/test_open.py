"""Opening networks of every kind, and what is said where something is missing."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from convscope.errors import BadModel, BadSpec, UnknownName
from convscope.model.store import save_model
from convscope.nets.open import open_model
from convscope.plain.fit import Fit

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
    assert torch.equal(
        model.module.state_dict()["fc1.weight"], small(seed=7).module.state_dict()["fc1.weight"]
    )
    assert "random" not in " ".join(model.notes)


def test_torchvision_names_bring_geometry_normalisation_and_classes():
    model = open_model("squeezenet1_1")
    weights = models.SqueezeNet1_1_Weights.DEFAULT
    assert (model.fit.height, model.fit.resize, model.fit.how) == (224, 256, "crop")
    assert model.mean == tuple(weights.transforms().mean)
    assert model.classes[1] == weights.meta["categories"][1] == "goldfish"
    assert len(set(model.classes)) == 1000


def test_torchvision_preprocessing_equals_its_own_transform():
    noise = np.random.default_rng(0).integers(0, 255, (8, 11, 3), dtype=np.uint8)
    image = np.asarray(Image.fromarray(noise).resize((300, 261)))
    ours = open_model("squeezenet1_1").preprocess(image)
    theirs = models.SqueezeNet1_1_Weights.DEFAULT.transforms()(Image.fromarray(image))
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2", "googlenet", "mobilenet_v3_small"])
def test_a_torchvision_module_is_known_by_its_parameters_whatever_its_head(name):
    options = {"init_weights": False} if name == "googlenet" else {}
    module = models.get_model(name, num_classes=3, **options)
    model = open_model(module)
    recipe = models.get_model_weights(name)["DEFAULT"].transforms()
    assert (model.fit.height, model.fit.resize) == (recipe.crop_size[0], recipe.resize_size[0])
    assert model.mean == tuple(recipe.mean)
    assert model.classes == ("class 0", "class 1", "class 2")
    assert f"prepared as for torchvision's {name}" in model.notes[0]


def test_the_note_names_published_weights_that_were_prepared_otherwise():
    (note,) = open_model(models.mobilenet_v2()).notes
    assert "weights IMAGENET1K_V2 (IMAGENET1K_V1 would be prepared otherwise)" in note
    assert "otherwise)" not in open_model(models.resnet18()).notes[0]


def test_a_thousand_classes_of_a_torchvision_module_have_names():
    assert open_model(models.squeezenet1_1()).classes[1] == "goldfish"


def test_a_torchvision_class_of_unpublished_size_is_asked_for_everything():
    net = models.resnet.ResNet(models.resnet.BasicBlock, [1, 1, 1, 1])
    with pytest.raises(BadModel, match=r"the input size of ResNet is not known.*mean= and std="):
        open_model(net)


TIMM = ["mobilenetv3_small_050", "resnet10t", "tf_efficientnet_lite0", "test_resnet"]


@pytest.mark.parametrize("name", TIMM)
def test_timm_preprocessing_equals_its_own_transform(name):
    timm = pytest.importorskip("timm")
    model = open_model(f"timm:{name}")
    noise = np.random.default_rng(0).integers(0, 255, (8, 11, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((300, 261))
    transform = timm.data.create_transform(**timm.data.resolve_data_config(model=model.module))
    torch.testing.assert_close(model.preprocess(np.asarray(image)), transform(image))


def test_timm_labels_follow_the_number_of_classes():
    timm = pytest.importorskip("timm")
    cut = timm.create_model("resnet10t", num_classes=7)
    assert open_model(cut).classes[0] == "class 0"
    many = timm.create_model("convnext_atto", num_classes=11821, depths=(1, 1, 1, 1), dims=(4, 4, 4, 4))
    many.pretrained_cfg["num_classes"] = 11821
    names = open_model(many).classes
    assert len(set(names)) == 11821
    assert "tiger cat" in names


def own(channels=1):
    return nn.Sequential(nn.Conv2d(channels, 4, 3), nn.Flatten(), nn.Linear(4 * 10 * 8, 2))


def test_a_module_with_its_size_keeps_its_channels_and_its_mode():
    module = own().train()
    model = open_model(module, input_size=(12, 10))
    assert model.module is module
    assert module.training
    assert (model.fit.channels, model.fit.height, model.fit.width) == (1, 12, 10)


def test_without_mean_and_std_tensors_pass_and_pictures_are_refused():
    model = open_model(own(), input_size=(12, 10))
    assert model.scores(model.preprocess(torch.rand(1, 12, 10))[None]).shape == (1, 2)
    assert "mean and std are not known" in model.notes[0]
    with pytest.raises(BadModel, match=r"how Sequential expects its pixels is not known.*mean=0, std=1"):
        model.preprocess(np.zeros((12, 10, 1), np.uint8))


def test_one_number_serves_all_channels_and_one_alone_is_refused():
    model = open_model(own(3), input_size=(12, 10), mean=0.5, std=[0.1, 0.2, 0.4])
    white = model.preprocess(np.full((12, 10, 3), 255, np.uint8))
    torch.testing.assert_close(white[:, 0, 0], torch.tensor([5.0, 2.5, 1.25]))
    with pytest.raises(BadModel, match="mean= was given without std="):
        open_model(own(3), input_size=(12, 10), mean=0.5)


def test_a_fit_says_how_pictures_come_to_the_input_size():
    fit = Fit(12, 10, how="stretch", channels=1)
    assert open_model(own(), input_size=fit).fit == fit


def test_another_size_keeps_the_share_of_the_crop():
    fit = open_model("squeezenet1_1", input_size=112).fit
    assert (fit.height, fit.how, fit.resize) == (112, "crop", 128)


@pytest.mark.parametrize(("file", "text"), [("c.txt", "cat\ndog\n"), ("c.json", '["cat", "dog"]')])
def test_class_names_from_a_file(tmp_path, file, text):
    (tmp_path / file).write_text(text)
    assert small(classes=tmp_path / file).classes == ("cat", "dog")
    assert small(classes=str(tmp_path / file)).classes == ("cat", "dog")


def test_fewer_classes_than_published_have_no_names():
    assert open_model("squeezenet1_1", classes=3).classes == ("class 0", "class 1", "class 2")


def test_a_broken_network_is_refused():
    module = own()
    module[0].bias.data[2] = torch.nan
    with pytest.raises(BadModel, match=r"Sequential holds NaN or infinity in 0.bias"):
        open_model(module, input_size=(12, 10))


def test_a_file_of_torchvision_is_known_by_its_name_another_is_said_to_be_assumed(tmp_path):
    published = models.MobileNet_V2_Weights.IMAGENET1K_V1
    state = models.mobilenet_v2().state_dict()
    for name in (Path(published.url).name, "mine.pth"):
        torch.save(state, tmp_path / name)
    exact = open_model("mobilenet_v2", weights=tmp_path / Path(published.url).name)
    assert (exact.fit.resize, exact.notes) == (256, ())
    assumed = open_model("mobilenet_v2", weights=tmp_path / "mine.pth")
    assert assumed.fit.resize == 232
    assert "mine.pth does not say how its pictures were prepared" in assumed.notes[0]


def test_a_factory_in_a_file(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def tiny():\n    return nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(72, 2))\n"
    )
    model = open_model(f"{tmp_path}/nets.py:tiny", input_size=8)
    assert model.name == "nets.py:tiny"
    with pytest.raises(UnknownName, match="unknown factory 'tinny': did you mean tiny"):
        open_model(f"{tmp_path}/nets.py:tinny", input_size=8)


def test_a_factory_runs_as_its_file_does_as_a_script_and_leaves_nothing_behind(tmp_path):
    for channels in (2, 4):
        folder = tmp_path / str(channels)
        folder.mkdir()
        (folder / "parts.py").write_text(
            f"from torch import nn\ndef first(): return nn.Conv2d(3, {channels}, 8)\n"
        )
        (folder / "nets.py").write_text(
            "from __future__ import annotations\nfrom dataclasses import dataclass\nimport parts\n"
            "@dataclass\nclass Sizes:\n    width: int = 1\n"
            "def net(): return parts.first()\n"
        )
        known, path = set(sys.modules), list(sys.path)
        model = open_model(f"{folder}/nets.py:net", input_size=8)
        assert model.module.out_channels == channels
        assert (set(sys.modules) - known, sys.path) == (set(), path)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            "import nothing_of_the_kind",
            r"nets.py cannot be run: ModuleNotFoundError: No module named 'nothing",
        ),
        ("def net(size):\n    pass", r"nets.py:net failed: TypeError.*called without arguments"),
        ("def net():\n    return 3", r"nets.py:net returned int, not an nn.Module"),
    ],
)
def test_a_factory_that_fails_says_where(tmp_path, code, message):
    (tmp_path / "nets.py").write_text(code)
    with pytest.raises(BadModel, match=message):
        open_model(f"{tmp_path}/nets.py:net", input_size=8)


def test_a_factory_takes_the_weights_of_a_file(tmp_path):
    (tmp_path / "nets.py").write_text("from torch import nn\ndef net():\n    return nn.Conv2d(3, 2, 8)\n")
    state = nn.Conv2d(3, 2, 8).state_dict()
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, tmp_path / "w.pt"
    )
    model = open_model(f"{tmp_path}/nets.py:net", input_size=8, weights=tmp_path / "w.pt")
    assert torch.equal(model.module.weight, state["weight"])
    assert "found under 'state_dict'" in model.notes[0]
    assert "'module.' of DataParallel was taken off" in model.notes[1]


@pytest.mark.parametrize(
    ("x", "asked", "error", "message"),
    [
        (SPEC, {}, BadModel, r"the spec '4c3 p2 fc5' needs input_size= and classes="),
        ("resnet19", {}, UnknownName, r"unknown network 'resnet19': did you mean resnet1"),
        ("4c3 9k9", {"input_size": 8, "classes": 2}, BadSpec, r"cannot read '9k9', token 2"),
        (nn.Conv2d(3, 2, 3), {}, BadModel, r"the input size of Conv2d is not known: pass input_size="),
        (
            "net.pth",
            {},
            BadModel,
            r"net.pth holds weights, and weights alone are no network: name .* give weights='net.pth' beside",
        ),
        ("net.safetensors", {}, BadModel, r"weights alone are no network: name the network"),
        (__file__, {}, BadModel, r"test_open.py is no network: .* the network comes first"),
        ("nowhere.py:net", {}, BadModel, r"there is no file nowhere.py"),
        ("alexnet", {"weights": "IMAGENET9"}, UnknownName, r"unknown weights 'IMAGENET9'.*alexnet"),
        ("alexnet", {"weights": "none.safetensors"}, BadModel, r"cannot read the weights none"),
        (
            "alexnet",
            {"weights": "package"},
            BadModel,
            r"no package carries weights of alexnet; packages have",
        ),
        (
            "alexnet",
            {"weights": "default", "classes": 3},
            BadModel,
            r"know other classes than the 3 asked for",
        ),
        (
            SPEC,
            {"weights": "V1", "input_size": 8, "classes": 2},
            BadModel,
            r"no weights named 'V1': give a file",
        ),
        (SPEC, {"input_size": 8, "classes": "no.txt"}, BadModel, r"cannot read the class names in no.txt"),
        (
            {"0.weight": 1},
            {},
            BadModel,
            r"a dict is no network: .* weights alone are none, so name their network and give weights=FILE",
        ),
        (nn.ReLU, {}, BadModel, "a class is no network: give an nn.Module"),
        (nn.Conv2d(3, 1, 1), {"input_size": (3, -1, 4)}, BadModel, r"input_size is \(3, -1, 4\): give 64"),
    ],
)
def test_errors_say_what_to_do(x, asked, error, message):
    with pytest.raises(error, match=message):
        open_model(x, **asked)


def test_foreign_weights_name_the_first_keys(tmp_path):
    save_file(
        open_model("6c3 p2 fc5", input_size=8, classes=2).module.state_dict(), tmp_path / "w.safetensors"
    )
    with pytest.raises(
        BadModel, match=r"another shape for conv1.weight \(6x3x3x3 there, 4x3x3x3 here\), conv1.bias"
    ):
        small(weights=tmp_path / "w.safetensors")


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(BadModel, match=r"no model in .*model.json is missing. Train one"):
        open_model(tmp_path)


def test_a_network_that_begins_with_no_convolution_takes_the_channels_its_publisher_states() -> None:
    """timm's csatv2 turns RGB into 3 x 64 cosines by hand; its first convolutions take 64."""
    assert (model := open_model("timm:csatv2", input_size=128)).fit.channels == 3
    assert model.record.output_shape == (1, 1000)
