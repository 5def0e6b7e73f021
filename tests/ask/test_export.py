"""Exported files answer as the model does, on real pictures of any size, or are refused."""

import itertools
import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from convscope.ask.export import export
from convscope.errors import BadModel, BadOutput
from convscope.model import export as formats
from convscope.model.model import Model
from convscope.model.resample import Fitted
from convscope.nets.open import open_model
from convscope.nets.softmax import Softmax
from convscope.plain.fit import Fit

needs_onnx = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("onnxruntime", "onnxscript")),
    reason="the extra `export` is not installed",
)


@pytest.fixture(scope="module")
def model():
    return open_model("4c3 p2 fc8", input_size=16, classes=("cat", "dog"), mean=0.4, std=0.2)


@pytest.fixture(scope="module")
def program(model):
    return formats.trace(model)  # the slow part, made once


@pytest.fixture
def traced(program, monkeypatch):
    monkeypatch.setattr(formats, "trace", lambda model: program)


@pytest.fixture
def photos(tmp_path):
    random = np.random.default_rng(0)
    for number, size in enumerate(((9, 30), (40, 33), (90, 20))):
        noise = random.integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("how", "bicubic", "channels"), [*itertools.product(("pad", "crop", "stretch"), (False, True), (1, 3))]
)
def test_a_fit_of_tensors_gives_the_pixels_of_pillow(how, bicubic, channels):
    random = np.random.default_rng(0)
    for height, width in ((50, 70), (70, 50), (32, 32), (200, 31), (13, 9), (1, 1), (40, 37)):
        fit = Fit(28, 40, how=how, bicubic=bicubic, channels=channels, fill=77)
        picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        ours = Fitted(fit)(torch.from_numpy(picture)[None])[0].permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(ours, fit.apply(picture))


READ = """
import json, sys, numpy as np, onnxruntime
from PIL import Image
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
facts = session.get_modelmeta().custom_metadata_map
pictures = np.stack([np.asarray(Image.open(path)) for path in sys.argv[2:]])
print(json.dumps([json.loads(facts["classes"]), session.run(["probabilities"], {"images": pictures})[0].tolist()]))
"""


@needs_onnx
def test_an_onnx_file_answers_as_predict_in_another_process_and_keeps_its_check(
    traced, model, photos, tmp_path
):
    import onnx

    from convscope.images import open_images
    from convscope.train.evaluate import predict

    made = export(model, tmp_path / "net.onnx", photos)
    command = [sys.executable, "-c", READ, made.path, photos / "1.png", photos / "1.png"]
    classes, rows = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)
    said = predict(model, open_images(photos / "1.png"))[0]
    assert tuple(classes) == model.classes
    np.testing.assert_allclose(rows, [said.probabilities] * 2, atol=1e-6)
    assert (made.images, made.agreement) == (3, 1.0)
    facts = {entry.key: entry.value for entry in onnx.load(made.path).metadata_props}
    assert json.loads(facts["parity"])["difference"] == made.difference < 1e-6
    assert (facts["model_id"], json.loads(facts["fit"])["height"]) == (model.id, 16)


def test_a_torch_export_file_answers_the_same_and_names_its_classes(traced, model, photos, tmp_path):
    made = export(model, tmp_path / "net.pt2", photos)
    extra = {"convscope.json": ""}
    run = torch.export.load(made.path, extra_files=extra).module()
    picture = np.array(Image.open(photos / "2.png"))
    expected = model.scores(model.preprocess(picture)[None]).softmax(1)
    torch.testing.assert_close(run(torch.from_numpy(picture)[None]), expected)
    assert json.loads(extra["convscope.json"])["classes"] == ["cat", "dog"]
    assert made.difference < 1e-6


@pytest.fixture
def forgetful(monkeypatch, traced, model):
    """A format that forgets the model's normalisation."""
    classifier = formats.Classifier(Model(model.module, fit=model.fit, mean=(0.5,) * 3, std=(0.5,) * 3))

    class Forgetful(formats.Pt2):
        def runner(self):
            return lambda pictures: classifier(torch.from_numpy(pictures)).detach().numpy()

    monkeypatch.setitem(formats.FORMATS, ".pt2", Forgetful)


def test_a_file_that_answers_otherwise_is_refused_and_not_written(forgetful, model, photos, tmp_path):
    with pytest.raises(
        BadModel, match=r"answers differently: by up to .* on 3 pictures.*Nothing was written"
    ):
        export(model, tmp_path / "net.pt2", photos)
    assert not (tmp_path / "net.pt2").exists()


def test_the_tolerance_is_the_callers(forgetful, model, photos, tmp_path):
    assert export(model, tmp_path / "net.pt2", photos, tolerance=1).difference > 1e-4


def test_without_the_extra_the_command_to_install_it_is_named(program, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadModel, match=r"ONNX needs onnxruntime.*pip install 'convscope\[export\]'"):
        formats.Onnx(program)


def test_what_cannot_be_exported_says_why(model, tmp_path):
    class Undecided(nn.Module):
        def forward(self, x):
            return x.flatten(1)[:, :2] if x.sum().item() > 0 else x.flatten(1)[:, 2:4]

    fit = Fit(4, 4)
    with pytest.raises(BadModel, match="Undecided cannot be written as a graph: "):
        formats.trace(Model(Undecided(), fit=fit, mean=(0.0,) * 3, std=(1.0,) * 3))
    with pytest.raises(BadModel, match="how Undecided expects its pixels is not known"):
        formats.trace(Model(Undecided(), fit=fit, mean=(), std=()))
    with pytest.raises(BadModel, match="pictures have 1 or 3 channels, and this network takes 5"):
        Fitted(Fit(4, 4, channels=5))
    with pytest.raises(
        BadOutput, match=r"cannot export to .*net.tflite: choose a name that ends in .onnx or .pt2"
    ):
        export(model, tmp_path / "net.tflite")


@pytest.mark.parametrize("last", [nn.Softmax(1), nn.LogSoftmax(1), Softmax(3.0), nn.Identity()])
def test_a_network_that_makes_its_own_probabilities_exports_them_as_they_are(last):
    """Its softmax is not taken a second time: probabilities are those of the network, whatever it ends in."""
    torch.manual_seed(0)
    scores = nn.Sequential(nn.Conv2d(3, 4, 5), nn.Flatten(), nn.Linear(4 * 12 * 12, 3))
    opened = open_model(nn.Sequential(scores, last), input_size=16, mean=0.4, std=0.2)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), dtype=np.uint8)
    with torch.no_grad():
        found = formats.Classifier(opened)(torch.from_numpy(pixels))
        plain = scores((torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - 0.4) / 0.2)
    torch.testing.assert_close(found, (plain / getattr(last, "temperature", 1.0)).softmax(1))
