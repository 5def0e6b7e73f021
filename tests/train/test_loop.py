"""Training: learns, repeats, resumes to the bit, stops cleanly, never overwrites."""

import errno
import json
import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.errors import BadAtlas, BadImages, BadOutput, BadSpec, Diverged, Interrupted, UnknownName
from convscope.images import open_images
from convscope.nets.open import open_model
from convscope.train.augment import Changes
from convscope.train.checkpoint import read_checkpoint
from convscope.train.events import Epoch, Finished, Started, Step
from convscope.train.loop import train
from convscope.train.recover import roll_back


def stop_after(step: int, number: int = signal.SIGINT):
    """A listener that sends this process a signal at one step."""

    def listen(event):
        if isinstance(event, Step) and event.step == step:
            os.kill(os.getpid(), number)

    return listen


def test_a_planted_difference_is_learnt_and_reported(images, quick, tmp_path):
    model = train(images, **quick | {"epochs": 12})
    report = json.loads((tmp_path / "runs/run/report.json").read_text())
    assert report["val"]["accuracy"] >= 0.9
    assert report["val"]["images"] == 10  # a fifth of each class, rounded
    assert model.classes == ("bottom", "top")
    assert {path.name for path in (tmp_path / "runs/run").iterdir()} == {
        "card.md", "checkpoints", "config.yaml", "env.json", "metrics.jsonl", "model",
        "predictions.csv", "report.html", "report.json", "split.csv",
    }  # fmt: skip


def test_equal_recipes_give_equal_weights(images, quick):
    assert train(images, **quick).id == train(images, **quick).id
    assert train(images, **quick).id != train(images, **quick, seed=1).id


@pytest.mark.parametrize("step", [1, 3, 5])  # in an epoch, at its end, in the next one
def test_stopped_and_resumed_equals_uninterrupted(images, quick, tmp_path, step):
    whole = train(images, **quick | {"name": "whole"})
    with pytest.raises(Interrupted):
        train(images, **quick, on_progress=stop_after(step))
    resumed = train(images, **quick, resume=True)
    assert resumed.id == whole.id
    ends = [
        read_checkpoint(tmp_path / "runs" / name / "checkpoints/last.safetensors")
        for name in ("whole", "run")
    ]
    for name, tensor in ends[0][0].items():
        assert torch.equal(tensor, ends[1][0][name]), name
    losses = [[row["loss"] for row in about["history"]] for _, about in ends]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_saves_and_names_the_way_back(images, quick, tmp_path, number, code):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=r"stopped in epoch 1 of 4; .* --name run --resume") as stop:
        train(images, **quick, on_progress=stop_after(2, number))
    assert stop.value.exit_code == code
    assert read_checkpoint(tmp_path / "runs/run/checkpoints/last.safetensors")[1]["step"] == 2
    assert signal.getsignal(number) is before


def test_the_second_signal_leaves_at_once(images, quick):
    def twice(event):
        if isinstance(event, Step):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SystemExit, match="130"):
        train(images, **quick, on_progress=twice)


def test_events_tell_the_whole_story(images, quick):
    events = []
    train(images, **quick, on_progress=events.append)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    steps = [event for event in events if isinstance(event, Step)]
    assert [event.step for event in steps] == list(range(1, events[0].steps + 1))
    assert steps[-1].eta == 0
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert [event.epoch for event in epochs] == [1, 2, 3, 4]
    assert 0 <= epochs[-1].val_accuracy <= 1


def test_the_model_is_the_best_epoch_and_not_the_last(images, quick, tmp_path, monkeypatch):
    from convscope.train import loop

    accuracies = iter([0.5, 0.9, 0.7, 0.6])
    monkeypatch.setattr(loop, "validate", lambda course, state: (1.0, next(accuracies)))
    model = train(images, **quick)
    best, about = read_checkpoint(tmp_path / "runs/run/checkpoints/best.safetensors")
    assert about["best"]["epoch"] == 2
    assert torch.equal(model.module.conv1.weight, best["conv1.weight"])
    assert not torch.equal(
        best["conv1.weight"],
        read_checkpoint(tmp_path / "runs/run/checkpoints/last.safetensors")[0]["net.conv1.weight"],
    )


def test_runs_never_overwrite_each_other(images, quick, tmp_path):
    for _ in range(2):
        train(images, **quick | {"epochs": 1})
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["run", "run-2"]


def break_steps(monkeypatch, broken):
    """Planted: pixels that are no numbers at some of the calls of a run."""
    calls = iter(range(10**6))
    monkeypatch.setattr(Changes, "apply", lambda self, b: b * (float("nan") if next(calls) in broken else 1))


def test_a_run_that_diverges_once_goes_back_to_its_best_with_half_the_rate(
    images, quick, tmp_path, monkeypatch
):
    break_steps(monkeypatch, {4})
    train(images, **quick, schedule="constant")
    report = json.loads((tmp_path / "runs/run/report.json").read_text())
    (note,) = [note for note in report["notes"] if "no longer a number" in note]
    assert re.search(r"in epoch 2, batch 2 \(lr 0.01; images \d+, \d+, \d+, … \(13 images\)\)", note)
    assert "Rolled back to the weights of epoch 1" in note
    rates = [
        json.loads(line)["lr"] for line in (tmp_path / "runs/run/metrics.jsonl").read_text().splitlines()
    ]
    assert rates == [0.01, 0.005, 0.005, 0.005]


def test_a_rolled_back_epoch_begins_with_the_best_weights(images, quick, tmp_path, monkeypatch):
    from convscope.train import loop

    seen = []
    monkeypatch.setattr(
        loop,
        "roll_back",
        lambda *a: (roll_back(*a), seen.append(a[1].net.state_dict()["conv1.weight"].clone())),
    )
    break_steps(monkeypatch, {4})
    train(images, **quick | {"epochs": 2})
    first, _ = read_checkpoint(tmp_path / "runs/run/checkpoints/series/epoch-0001.safetensors")
    assert torch.equal(seen[0], first["conv1.weight"])


def test_a_run_that_keeps_diverging_stops_and_keeps_its_best(images, quick, tmp_path, monkeypatch):
    break_steps(monkeypatch, set(range(4, 100)))
    with pytest.raises(Diverged, match=r"in epoch 2, batch 1 \(lr 0.00125; images .*3 times.*lower --lr"):
        train(images, **quick)
    best, about = read_checkpoint(tmp_path / "runs/run/checkpoints/best.safetensors")
    assert about["best"]["epoch"] == 1
    assert all(tensor.isfinite().all() for tensor in best.values())


def test_a_test_split_is_measured_once_and_apart(images, quick, tmp_path):
    import dataclasses

    splits = ("test",) * 10 + ("train",) * 38
    train(dataclasses.replace(images, splits=splits), **quick)
    report = json.loads((tmp_path / "runs/run/report.json").read_text())
    assert report["test"]["images"] == 10
    assert report["val"]["images"] == 8
    assert report["train_images"] == 30


def test_torch_is_left_as_it_was(images, quick):
    torch.manual_seed(1)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    train(images, **quick)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.fixture
def clock(monkeypatch):
    """Planted time: only steps take any, a second each, or as long as ``clock.step`` says."""
    from types import SimpleNamespace

    from convscope.train import loop, timing

    clock, real = SimpleNamespace(now=100.0, step=lambda taken: 1.0, taken=0), loop.train_step

    def step(*arguments):
        clock.taken += 1
        clock.now += clock.step(clock.taken)
        return real(*arguments)

    for module in (loop, timing):
        monkeypatch.setattr(module, "train_step", step)
        monkeypatch.setattr(module, "perf_counter", lambda: clock.now)
    return clock


@pytest.mark.parametrize("later", [0.5, 1.0, 3.0])
def test_minutes_are_held_where_the_machine_becomes_slower_or_quicker(images, quick, clock, later):
    clock.step = lambda taken: 1.0 if taken < 20 else later
    train(images, **quick | {"epochs": None, "minutes": 1})
    assert clock.now - 100 == pytest.approx(60, rel=0.1)


def test_minutes_count_over_a_resume_that_decodes_again(images, quick, clock):
    asked = quick | {"epochs": None, "minutes": 1}
    with pytest.raises(Interrupted):
        train(images, **asked, on_progress=stop_after(20))
    train(images, **asked, resume=True)
    assert clock.now - 100 == pytest.approx(60, rel=0.1)


@pytest.mark.parametrize(("seconds", "told"), [(10.0, True), (0.1, False)])
def test_minutes_too_few_to_see_every_image_once_are_told(images, quick, clock, seconds, told):
    clock.step, events = lambda taken: seconds, []  # five are timed first
    train(images, **quick | {"epochs": None, "minutes": 1}, on_progress=events.append)
    said = "Of 1 minutes 0.8 go into reading the images and the report: 1 steps remain, too few to see every"
    assert any(note.startswith(said) for note in events[0].notes) is told


def test_minutes_that_are_over_before_the_first_step_leave_one(images, quick):
    events = []
    train(images, **quick | {"epochs": None, "minutes": 0.01}, on_progress=events.append)
    assert events[-1].report["epochs"] >= 1
    assert len([event for event in events if isinstance(event, Step)]) < 500


def test_a_run_is_opened_by_its_folder(images, quick, tmp_path):
    assert open_model(tmp_path / "runs/run" if train(images, **quick) else "").name == "run"


def test_a_network_by_name_is_trained_too(quick):
    pixels = np.zeros((8, 64, 64, 3), np.uint8)
    images = open_images(pixels, labels=[0, 1] * 4, classes=("a", "b"))
    model = train(images, **quick | {"net": "squeezenet1_1", "epochs": 1, "val": 0.25, "batch": 4})
    assert model.architecture["kind"] == "torchvision"
    assert model.classes == ("a", "b")


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"net": "resnet19"}, UnknownName, r"unknown network 'resnet19': did you mean resnet1"),
        ({"net": "4c3 p20"}, BadSpec, r"'p20' does not fit.*the map before it is 12x12"),
        ({"epochs": 0}, BadSpec, r"epochs is 0: choose a number from 1 to"),
        ({"lr": -1.0}, BadSpec, r"lr is -1.0: choose a number from"),
        ({"augment": "shear"}, BadSpec, r"augment is 'shear': choose auto, none, shift, flip, colour"),
        ({"name": "a/b"}, BadSpec, r"name is 'a/b': choose a folder name"),
        ({"epoch": 3}, UnknownName, r"unknown setting 'epoch': did you mean epochs"),
        ({"device": "gpu7"}, BadSpec, r"cannot use the device 'gpu7'.*--device cpu"),
        ({"resume": True}, BadAtlas, r"there is no run to resume in .*run: its config.yaml is missing"),
    ],
)
def test_bad_settings_stop_before_anything_is_written(images, quick, tmp_path, asked, error, message):
    with pytest.raises(error, match=message):
        train(images, **quick | asked)
    assert not (tmp_path / "runs").exists()


def test_one_class_is_not_enough(quick):
    images = open_images(np.zeros((4, 8, 8, 3), np.uint8), labels=[0] * 4, classes=("cat",))
    with pytest.raises(BadImages, match=r"only the class 'cat': training needs at least two"):
        train(images, **quick)


def test_a_class_of_one_image_is_trained_on_and_noted(images, quick):
    labels = [2, *images.labels[1:]]
    odd = open_images([images[row] for row in range(len(images))], labels=labels, classes=("a", "b", "c"))
    events = []
    train(odd, **quick | {"epochs": 1}, on_progress=events.append)
    assert any("single image" in note and "c" in note for note in events[0].notes)


def test_a_file_in_the_way_of_the_runs_folder(images, quick, tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(BadOutput, match=r"runs.*Choose another folder with --out|runs is a file"):
        train(images, **quick)


def test_resume_refuses_another_recipe(images, quick):
    with pytest.raises(Interrupted):
        train(images, **quick, on_progress=stop_after(1))
    with pytest.raises(BadSpec, match=r"epochs is 9, but the run to resume has 4: leave it out"):
        train(images, **quick | {"epochs": 9}, resume=True)


def spoil(path):
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)


def test_a_flipped_byte_in_a_checkpoint_is_found(images, quick, tmp_path):
    with pytest.raises(Interrupted):
        train(images, **quick, on_progress=stop_after(1))
    spoil(tmp_path / "runs/run/checkpoints/last.safetensors")
    with pytest.raises(BadAtlas, match=r"last.safetensors is damaged: its SHA-256 differs"):
        train(images, **quick, resume=True)


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(images, quick, tmp_path, harm):
    whole = train(images, **quick | {"name": "whole"})
    for step in (2, 5):
        with pytest.raises(Interrupted):
            train(images, **quick, resume=step == 5, on_progress=stop_after(step))
    path = tmp_path / "runs/run/checkpoints/last.safetensors"
    harms = {
        "flip": spoil,
        "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
        "remove": os.remove,
    }
    harms[harm](path)
    events = []
    assert train(images, **quick, resume=True, on_progress=events.append).id == whole.id
    word = "missing" if harm == "remove" else "damaged"
    assert any(f"last.safetensors is {word}: continued from before" in note for note in events[0].notes)
    assert events[0].step == 2


def full_disk(monkeypatch, name):
    """Planted: the disk is full whenever a file of this name is flushed to it."""
    flush = os.fsync

    def fsync(number):
        if name in str(Path(f"/proc/self/fd/{number}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(number)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads names of open files from /proc")
@pytest.mark.parametrize("name", ["next.safetensors", "metrics.jsonl", "best.safetensors"])
def test_a_full_disk_stops_the_run_and_keeps_what_was_saved(images, quick, tmp_path, monkeypatch, name):
    whole = train(images, **quick | {"name": "whole"})
    with pytest.raises(Interrupted):
        train(images, **quick, on_progress=stop_after(3))
    kept = (tmp_path / "runs/run/checkpoints/last.safetensors").read_bytes()
    with monkeypatch.context() as patched:
        full_disk(patched, name)
        with pytest.raises(BadOutput, match=r"No space left on device.*make room there.*--name run --resume"):
            train(images, **quick, resume=True)
    checkpoints = tmp_path / "runs/run/checkpoints"
    assert (checkpoints / "last.safetensors").read_bytes() == kept
    assert not list(checkpoints.glob("*.tmp"))
    assert train(images, **quick, resume=True).id == whole.id
