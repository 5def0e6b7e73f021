"""Averages, balance, memory, series, presets of change: what a step is shown and what a run keeps."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms.v2 import functional as tv

from convscope.errors import BadSpec, Interrupted, UnknownName
from convscope.images import open_images
from convscope.nets.evolved import epochs_kept
from convscope.nets.open import open_model
from convscope.plain.fit import Fit
from convscope.train import step as steps
from convscope.train.augment import AUGMENTATIONS, Augmentation, cover
from convscope.train.average import Average
from convscope.train.batches import Batch, batches
from convscope.train.checkpoint import read_checkpoint
from convscope.train.config import read_config
from convscope.train.course import start_course
from convscope.train.events import Epoch
from convscope.train.handed import sided
from convscope.train.loop import first_state, train
from convscope.train.memory import shown_in_parts
from convscope.train.order import balanced
from convscope.train.pixels import load
from convscope.train.plan import plan
from convscope.train.precision import choose_precision, has_bfloat16
from convscope.train.recipe import Recipe
from convscope.train.tones import TONES, change_tones


def last(folder):
    return read_checkpoint(folder / "checkpoints/last.safetensors")


def test_an_average_is_the_literal_sum():
    net, values = nn.Linear(1, 1, bias=False), [3.0, -1.0, 4.0, 1.5]
    net.weight.data.fill_(2.0)
    average, expected = Average(net, 0.2), 2.0
    for step, value in enumerate(values, 1):
        net.weight.data.fill_(value)
        average.update(net, step)
        kept = min(0.2, step / (10 + step))
        expected = kept * expected + (1 - kept) * value
    assert average.tensors["weight"].item() == pytest.approx(expected)


def test_an_averaged_run_resumes_to_the_bit_and_keeps_the_average(images, quick, tmp_path, stop_at):
    whole = train(images, **quick | {"name": "whole"}, ema=0.9)
    with pytest.raises(Interrupted):
        train(images, **quick, ema=0.9, on_progress=stop_at(4))
    assert train(images, **quick, resume=True).id == whole.id
    ends = [last(tmp_path / "runs" / name)[0] for name in ("whole", "run")]
    assert all(torch.equal(tensor, ends[1][name]) for name, tensor in ends[0].items())
    assert not torch.equal(ends[0]["average.conv1.weight"], ends[0]["net.conv1.weight"])
    series = read_checkpoint(tmp_path / "runs/whole/checkpoints/series/epoch-0002.safetensors")[0]
    assert not torch.equal(series["conv1.weight"], ends[0]["net.conv1.weight"])


def test_a_network_wears_the_average_only_for_a_while():
    net = nn.BatchNorm1d(2)
    average = Average(net, 0.9)
    net.weight.data.fill_(5.0)
    with average.worn(net):
        assert net.weight.tolist() == [1.0, 1.0]
    assert net.weight.tolist() == [5.0, 5.0]


def test_a_balanced_epoch_shows_every_class_equally_and_every_sample_in_turn():
    labels = np.repeat([0, 1, 2], [90, 9, 21])
    rows = balanced(3, 1, labels)
    assert np.bincount(labels[rows]).tolist() == [40, 40, 40]
    counts = np.bincount(rows, minlength=120)
    for label in range(3):
        of_class = counts[labels == label]
        assert of_class.max() - of_class.min() <= 1
    assert balanced(3, 1, labels).tolist() == rows.tolist() != balanced(3, 2, labels).tolist()


def test_repeated_samples_are_changed_differently():
    labels = np.array([0] * 9 + [1])
    recipe = Recipe(balance="sampler", shuffle=True)
    changes = Augmentation(shift=0.5).changes(0, 0, 10, (32, 32))
    (batch,) = batches(recipe, 0, labels, changes, 1)
    moved = batch.changes.affine[torch.from_numpy(batch.rows == 9)]
    assert len(moved) == 5
    assert len(torch.unique(moved, dim=0)) > 1


def test_every_sample_keeps_its_own_change_in_any_order():
    changes = Augmentation(shift=0.5).changes(0, 0, 10, (32, 32))
    for batch in batches(Recipe(shuffle=True), 0, np.zeros(10), changes, 3):
        assert torch.equal(batch.changes.affine, changes.affine[torch.from_numpy(batch.rows)])


@pytest.fixture
def uneven(planted):
    images = planted()
    rows = [row for row in range(len(images)) if images.labels[row] == 0 or row < 16]
    return images.subset(rows)


def step_of(images, tmp_path, parts=1, **asked):
    """The gradients of the first step."""
    out = str(tmp_path / str(len(list(tmp_path.iterdir()))))
    # what torch and scikit-learn say is told in float32, whatever this processor would train in
    recipe = Recipe(net="4c3 p2", out=out, batch=16, precision="float32", **asked)
    course = start_course(images, "planted", recipe)
    state = first_state(course)
    batch = course.batches(0)[0]
    told = steps.gradients(course, state, batch.split(parts))
    return course, state, batch, told, [p.grad.clone() for p in state.net.parameters()]


@pytest.mark.parametrize("asked", [{}, {"balance": "weights", "mix": "cutmix"}])
def test_a_batch_in_parts_has_the_gradients_of_the_whole(uneven, tmp_path, asked):
    *_, told, whole = step_of(uneven, tmp_path, 1, **asked)
    *_, told_in_parts, parts = step_of(uneven, tmp_path, 5, **asked)
    assert told == pytest.approx(told_in_parts)
    for a, b in zip(whole, parts, strict=True):
        torch.testing.assert_close(a, b)


def test_class_weights_are_scikit_learns_and_so_is_the_loss(uneven, tmp_path):
    from sklearn.utils.class_weight import compute_class_weight

    course, state, batch, (loss, _), _ = step_of(uneven, tmp_path, balance="weights", smoothing=0.0)
    labels = course.train.labels.numpy()
    expected = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels)
    np.testing.assert_allclose(course.class_weights, expected, rtol=1e-6)
    logs = torch.log_softmax(state.net(course.normalise(batch.pixels(course.train))), 1).detach().numpy()
    true = labels[batch.rows]
    literal = -sum(expected[y] * logs[i, y] for i, y in enumerate(true)) / sum(expected[true])
    assert loss == pytest.approx(literal, rel=1e-5)


def test_where_memory_runs_out_the_batch_is_halved_until_it_fits(images, quick, tmp_path, monkeypatch):
    shown, real = [], Batch.pixels

    def little_memory(self, pixels):
        shown.append(len(self))
        if len(self) > 5:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes")
        return real(self, pixels)

    monkeypatch.setattr(Batch, "pixels", little_memory)
    train(images, **quick)
    notes = json.loads((tmp_path / "runs/run/report.json").read_text())["notes"]
    assert any(
        "Memory ran out at step 1: from there each batch was shown in 4 parts." in note for note in notes
    )
    assert max(shown[5:]) <= 5
    assert last(tmp_path / "runs/run")[1]["parts"] == 4


def test_a_step_that_ran_out_of_memory_leaves_no_trace_in_batch_norm(images, tmp_path):
    course = start_course(images, "planted", Recipe(net="4c3bn p2", out=str(tmp_path)))
    state = first_state(course)
    before = [buffer.clone() for buffer in state.net.buffers()]
    calls = []

    def show(parts):
        calls.append(len(parts))
        if len(calls) == 1:
            state.net(course.normalise(parts[0].pixels(course.train)))
            raise MemoryError
        return 0.0, 0.0

    shown_in_parts(state, course.batches(0)[0], show)
    assert calls == [1, 2]
    assert all(torch.equal(a, b) for a, b in zip(before, state.net.buffers(), strict=True))


def test_one_image_that_does_not_fit_is_a_plain_error(images, quick, monkeypatch):
    def no_memory(self, pixels):
        raise MemoryError

    monkeypatch.setattr(Batch, "pixels", no_memory)
    with pytest.raises(BadSpec, match="one image alone does not fit in memory: choose a smaller --imgsz"):
        train(images, **quick)


def test_other_errors_are_not_taken_for_lack_of_memory(images, quick, monkeypatch):
    def broken(self, pixels):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(Batch, "pixels", broken)
    with pytest.raises(RuntimeError, match="shapes differ"):
        train(images, **quick)


def test_the_series_shows_the_network_before_and_on_the_way(images, quick, tmp_path):
    model = train(images, **quick | {"epochs": 6})
    run = tmp_path / "runs/run"
    assert epochs_kept(run) == [0, 1, 2, 5]
    first = open_model(f"{run}@0")
    untrained = first_state(start_course(images, "planted", Recipe(**quick | {"name": "other"}))).net
    assert torch.equal(first.module.conv1.weight, untrained.state_dict()["conv1.weight"])
    assert (first.name, first.classes) == ("run@0", model.classes)
    assert len({open_model(f"{run}@{epoch}").id for epoch in (0, 1, 2, 5)}) == 4
    with pytest.raises(UnknownName, match=r"unknown epoch '3': .*keeps epochs 0, 1, 2, 5"):
        open_model(f"{run}@3")


def test_the_series_is_off_by_a_flag(images, quick, tmp_path):
    train(images, **quick | {"epochs": 1}, series=False)
    assert epochs_kept(tmp_path / "runs/run") == []
    with pytest.raises(UnknownName, match=r"keeps epochs none \(--no-series\)"):
        open_model(f"{tmp_path}/runs/run@0")


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_decoding_threads_changes_no_bit(tmp_path, workers):
    from PIL import Image

    chance = np.random.default_rng(0)
    for row in range(12):
        path = tmp_path / "data" / "ab"[row % 2] / f"{row}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 255, (40, 30 + row, 3), dtype=np.uint8)).save(path)
    images = open_images(str(tmp_path / "data"))
    alone, together = (load(images, Fit(16, 16), count) for count in (0, workers))
    assert torch.equal(alone.values, together.values)
    literal = np.stack([Fit(16, 16).apply(images[row]) for row in range(12)])
    assert np.array_equal(together.values.permute(0, 2, 3, 1).numpy(), literal)


def test_workers_may_change_at_a_resume(images, quick, stop_at):
    whole = train(images, **quick | {"name": "whole"}, workers=0)
    with pytest.raises(Interrupted):
        train(images, **quick, workers=2, on_progress=stop_at(3))
    assert train(images, **quick, workers=1, resume=True).id == whole.id


def test_patience_ends_a_run_that_gets_no_better(images, quick, tmp_path, monkeypatch):
    from convscope.train import loop

    accuracies = iter([0.5, 0.9, 0.3, 0.2, 0.4, 1.0])
    monkeypatch.setattr(loop, "validate", lambda course, state: (1.0, next(accuracies)))
    events = []
    train(images, **quick | {"epochs": 6}, patience=3, on_progress=events.append)
    assert len([event for event in events if isinstance(event, Epoch)]) == 5
    report = json.loads((tmp_path / "runs/run/report.json").read_text())
    assert (report["epochs"], report["best_epoch"]) == (5, 2)
    assert "Stopped early: 3 epochs without a better one (patience)." in report["notes"]
    assert len(last(tmp_path / "runs/run")[1]["history"]) == 5


def test_the_middle_square_where_crop_is_asked():
    pixels = np.zeros((4, 30, 60, 3), np.uint8)
    pixels[:, :, 15:45] = 200
    images = open_images(pixels, labels=[0, 1] * 2, classes=("a", "b"))
    chosen = plan(images, 4, Recipe(fit="crop", imgsz=30))
    assert (chosen.fit.apply(images[0]) == 200).all()
    assert any("middle square" in note for note in chosen.notes)


def coloured(classes, channels=3):
    pixels = np.zeros((len(classes), 16, 16, channels), np.uint8)
    return open_images(pixels, labels=range(len(classes)), classes=classes)


@pytest.mark.parametrize(
    ("classes", "channels", "asked", "expected"),
    [
        (("cat", "dog"), 3, {}, ("colour", True)),
        (("turn_left", "turn_right"), 3, {}, ("colour", False)),
        (tuple("0123456789"), 3, {}, ("colour", False)),
        (("three", "nine"), 3, {}, ("colour", False)),
        (("bright", "leftover"), 3, {}, ("colour", True)),
        (("b", "d"), 3, {"flip": True}, ("colour", True)),
        (("cat", "dog"), 3, {"flip": False}, ("colour", False)),
        (("cat", "dog"), 1, {}, ("shift", False)),
        (("cat", "dog"), 1, {"augment": "strong"}, ("strong", False)),
        (("left", "right"), 1, {"augment": "flip"}, ("flip", True)),
    ],
)
def test_no_mirror_where_it_may_change_the_class(classes, channels, asked, expected):
    chosen = plan(coloured(classes, channels), 10, Recipe(**asked))
    assert (chosen.recipe.augment, chosen.recipe.flip) == expected
    assert any("mirroring" in note for note in chosen.notes)


def test_a_name_with_a_side_is_found_and_others_are_not():
    assert sided(("cat", "Left-hand drive")) is not None
    assert sided(("a", "cat")) is None


def test_tones_are_torchvisions():
    batch = torch.rand(len(TONES), 3, 9, 9) * 255
    tones = torch.stack([torch.arange(len(TONES)) / len(TONES), torch.full((len(TONES),), 0.75)], 1).float()
    changed = change_tones(batch, tones) / 255
    images = batch / 255
    expected = (
        images[0], tv.adjust_brightness(images[1], 1.25), tv.adjust_contrast(images[2], 1.25),
        tv.adjust_saturation(images[3], 1.25), tv.adjust_sharpness(images[4], 1.5),
        tv.adjust_gamma(images[5], 1.25), tv.autocontrast(images[6]), tv.posterize(images[7], 5),
    )  # fmt: skip
    torch.testing.assert_close(changed, torch.stack(expected))


def test_a_hole_is_a_slice():
    batch = torch.rand(2, 3, 8, 10)
    covered = cover(batch, torch.tensor([[1, 2, 4, 9], [0, 0, 0, 0]]))
    expected = batch.clone()
    expected[0, :, 1:4, 2:9] = 127.5
    assert torch.equal(covered, expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_strong_changes_every_picture_and_can_be_asked_again(channels):
    batch = torch.rand(20, channels, 32, 32) * 255
    once, again = (AUGMENTATIONS["strong"].changes(1, 2, 20, (32, 32)).apply(batch) for _ in range(2))
    assert torch.equal(once, again)
    assert once.shape == batch.shape
    assert ((once - batch).abs().amax((1, 2, 3)) > 10).all()
    assert once.min() >= 0
    assert once.max() <= 255


def test_bfloat16_is_used_only_where_the_processor_has_it(monkeypatch):
    cpu = torch.device("cpu")
    for name, expected in (("avx512_bf16", "bfloat16"), ("avx2", "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda name=name: {name: True}, raising=False)
        assert choose_precision("auto", cpu) == expected
    assert choose_precision("float32", cpu) == "float32"
    assert has_bfloat16(torch.device("meta")) is False


def test_a_run_in_bfloat16_learns_keeps_float32_weights_and_says_so(images, quick, tmp_path):
    model = train(images, **quick, precision="bfloat16")
    assert {tensor.dtype for tensor in model.module.state_dict().values()} == {torch.float32, torch.int64}
    assert read_config(tmp_path / "runs/run/config.yaml")[1].precision == "bfloat16"
    assert json.loads((tmp_path / "runs/run/env.json").read_text())["precision"] == "bfloat16"
    assert model.id != train(images, **quick | {"name": "plain"}, precision="float32").id


def test_filters_that_dominate_are_clipped_after_each_step(images, quick, tmp_path):
    train(images, **quick | {"net": "6c3 p2 fc8"}, clip_rms=0.05)
    weight = last(tmp_path / "runs/run")[0]["net.conv1.weight"]
    assert weight.square().mean((1, 2, 3)).sqrt().max() <= 0.05 + 1e-6
