"""What goes wrong at the keyboard: one clear line, an exit code other than 0, nothing lost."""

import json
import os
import re
import shutil
import socket

import pytest

import convscope as cs
from convscope.atlas import layout

from .conftest import QUICK, convscope, refused


def test_an_empty_folder(tmp_path):
    assert re.search(
        r"the folder .* is empty; give one with images, to train with a folder of them per class",
        refused("train", tmp_path),
    )


def test_a_folder_that_is_not_there(here):
    assert "there is no folder or image file 'photoz'" in refused("train", "photoz")


def test_one_class(few, here):
    line = refused("train", few(cat=4))
    assert (
        "has only the class 'cat': training needs at least two. Put each class's images in a folder" in line
    )
    assert not (here / "runs").exists()


def test_a_class_with_one_image_trains_and_is_named(few, here):
    answer = convscope("train", few(cat=6, dog=6, emu=1), *QUICK)
    assert answer.code == 0, answer.err
    assert "Classes with a single image, which stays in training: emu." in answer.out


def test_unreadable_files_are_skipped_named_and_kept(few, here):
    data = few(cat=6, dog=6)
    (data / "cat" / "note.jpg").write_text("milk, eggs")
    (data / "dog" / "cut.png").write_bytes((data / "dog" / "0.png").read_bytes()[:60])
    answer = convscope("train", data, *QUICK)
    assert answer.code == 0, answer.err
    assert "12 images" in answer.out or "10 training and 2 validation images" in answer.out
    assert "cat/note.jpg" in answer.out + answer.err
    assert "dog/cut.png" in answer.out + answer.err
    assert (data / "cat" / "note.jpg").read_text() == "milk, eggs"


def test_nothing_but_unreadable_files(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_text("text")
    assert re.search(r"a\.jpg.*not an image", refused("train", tmp_path))


def test_a_text_named_jpg_for_look(run, tmp_path, here):
    (tmp_path / "text.jpg").write_text("hello")
    line = refused("look", tmp_path / "text.jpg", "--model", run, "--unit", "relu1:1")
    assert re.search(r"cannot read .*text.jpg: not an image in a format that can be read \(JPEG", line)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("train", "{photos}", *QUICK, "--out", "taken"), "--out"),
        (("train", "{photos}", *QUICK, "--out", "taken/runs"), "--out"),
        (("survey", "{run}", "--into", "taken"), "--into"),
        (("survey", "{run}", "--into", "taken/atlas"), "--into"),
        (
            ("look", "{photos}/disc/00.png", "--model", "{run}", "--unit", "relu1:1", "--out", "taken/x.png"),
            "--out",
        ),
        (("sheet", "{run}", "--layer", "relu1", "-o", "taken/x.png"), "--out"),
        (("publish", "{run}", "taken"), "new folder"),
        (("publish", "{run}", "taken/site"), "another folder"),
    ],
)
def test_a_place_that_cannot_be_written(run, photos, here, words, option):
    """A file where the folder should be stops every user; permission bits would not stop the superuser."""
    (here / "taken").write_text("mine")
    line = refused(*(word.format(run=run, photos=photos) for word in words))
    assert re.search(rf"cannot (make|write|publish).*taken.*{option}", line)
    assert (here / "taken").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_write_permission(run, photos, here):
    (here / "locked").mkdir(mode=0o555)
    assert "Permission denied. Choose another" in refused("train", photos, *QUICK, "--out", "locked/runs")


def test_a_folder_that_holds_other_things(run, here):
    (here / "thesis").mkdir()
    (here / "thesis" / "chapter.tex").write_text("years of work")
    assert "it holds other files. Choose an empty folder with --into" in refused(
        "survey", run, "--into", "thesis"
    )
    assert "'chapter.tex', which convscope did not write" in refused("publish", run, "thesis")
    assert [path.name for path in (here / "thesis").iterdir()] == ["chapter.tex"]


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("summary", "resnet81"), "unknown network 'resnet81': did you mean resnet18"),
        (("train", "{photos}", "--net", "lenet6"), "unknown network 'lenet6': did you mean lenet5"),
        (("survey", "{run}", "--layers", "conv9", "--into", "x"), "unknown layer 'conv9': did you mean conv2"),
        (("sheet", "{run}", "--layer", "rleu2"), "unknown layer 'rleu2': did you mean relu2"),
        (("look", "{pic}", "--model", "{run}", "--unit", "relo1:0"), "unknown layer 'relo1': did you mean relu1"),
        (("look", "{pic}", "--model", "{run}", "--unit", "relu1:0", "--lens", "deconv"), "unknown lens 'deconv': did you mean deconvnet"),
        (("trian", "{photos}"), 'Unknown command "trian". Did you mean "train"'),
        (("train", "{photos}", "--epoch", "3"), "Unknown option: --epoch. Did you mean --epochs"),
        (("survey", "{run}", "--split", "tset"), 'Did you mean "test"'),
    ],
)  # fmt: skip
def test_an_unknown_name_suggests_the_nearest(run, photos, here, words, nearest):
    assert nearest in refused(
        *(word.format(run=run, photos=photos, pic=photos / "disc" / "00.png") for word in words)
    )


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        ("relu1:6", "relu1 has channels 0 to 5"),
        ("relu1:1@32,0", "relu1 has rows 0 to 31, columns 0 to 31"),
        ("relu1:1@0,99", "relu1 has rows 0 to 31, columns 0 to 31"),
        ("relu1", "cannot read unit 'relu1': write LAYER:CHANNEL"),
        ("circle", "unknown class 'circle': did you mean disc? Or write LAYER:CHANNEL"),
    ],
)
def test_a_unit_out_of_range(run, photos, here, unit, says):
    assert says in refused("look", photos / "disc" / "00.png", "--model", run, "--unit", unit)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("train", "{photos}", "--epochs", "0"), "epochs is 0: choose a number from 1"),
        (
            ("train", "{photos}", "--epochs", "12", "--minutes", "2"),
            "epochs is 12 and minutes is 2, and each says",
        ),
        (("train", "{photos}", "--lr", "99"), "lr is 99.0: choose a number from 1e-07 to 10"),
        (("survey", "{run}", "--k", "0"), "--k 0 is out of range: choose 1 to 100"),
        (("sheet", "{run}", "--layer", "relu1", "--channels", "0"), "--channels. Must be >= 1"),
        (("predict", "{run}", "{photos}", "--top", "-1"), "--top. Must be >= 1"),
        (("predict", "{run}"), "no picture was given: name files, folders or patterns after the model"),
        (("evaluate", "{run}", "--split", "test"), "has no split 'test'; splits there: train, val"),
        (("evaluate", "resnet18"), "its images are not known: give them with --data FOLDER"),
        (("survey", "alexnet"), "its images are not known: give them with --data FOLDER"),
        (("train", "{photos}", "--resume", "--name", "never"), "there is no run to resume in runs/never"),
    ],
)
def test_a_setting_out_of_range_names_the_range(run, photos, here, words, says):
    assert says in refused(*(word.format(run=run, photos=photos) for word in words))


def test_a_taken_port(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("explore", run, "--port", port, "--no-browser")
    assert re.search(rf"port {port} is not free .*choose another with --port", line)


@pytest.mark.parametrize(
    "words", [("explore", "--no-browser"), ("publish", "site"), ("sheet", "--layer", "relu1")]
)
def test_an_atlas_of_another_schema(own_run, here, words):
    path = own_run / "atlas" / layout.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    line = refused(words[0], own_run / "atlas", *words[1:])
    assert (
        "has atlas schema 99, this convscope reads schema 1: use the version that made it, or survey again"
        in line
    )


def test_no_atlas(tmp_path, here):
    assert "no atlas at nowhere: make one with `convscope survey RUN`" in refused("explore", "nowhere")
    assert "is no atlas, or one whose survey was stopped too early" in refused("publish", tmp_path, "site")


def test_an_atlas_stopped_before_its_pictures_opens_says_so_and_is_finished_by_surveying_again(
    own_run, monkeypatch, here
):
    """Given a survey that dies before the first picture, its numbers are there and a second survey completes it."""
    shutil.rmtree(own_run / "atlas")
    from convscope.survey import run as survey

    with monkeypatch.context() as patch:
        patch.setattr(survey, "draw", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        answer = convscope("survey", own_run, "--photos", "1")
    assert (answer.code, answer.err.splitlines()[-1]) == (
        130,
        "convscope: stopped. What is finished is kept; give the same command again.",
    )
    half = cs.open_atlas(own_run)
    assert (half.stage, half.winners("relu1")["value"].shape) == ("numbers", (6, 9))
    assert "relu1 has no pictures yet: run `convscope survey`" in refused(
        "sheet", own_run, "--layer", "relu1"
    )
    assert "no pictures yet of relu1" in convscope("publish", own_run, "site").out
    assert convscope("survey", own_run, "--photos", "1").code == 0
    assert cs.open_atlas(own_run).stage == "complete"


def test_a_damaged_atlas_is_named(own_run):
    path = layout.numbers_file(own_run / "atlas", "relu1")
    path.write_bytes(path.read_bytes()[:100])
    assert re.search(
        r"relu1/numbers.safetensors is damaged .*survey again", refused("sheet", own_run, "--layer", "relu1")
    )


def test_a_damaged_model_is_named(own_run):
    path = own_run / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-20])
    assert re.search(r"model.*(damaged|intact|safetensors)", refused("predict", own_run, own_run / "x.png"))


def test_training_that_diverges_stops_and_keeps_the_best(photos, here, monkeypatch):
    """Given a loss that is no number from the second epoch on, the first is kept and the line says what to do."""
    from torch.nn import functional

    real, calls = functional.cross_entropy, []

    def poisoned(logits, labels, *weights, **options):
        calls.append(1)
        return real(logits, labels, *weights, **options) * (float("nan") if len(calls) > 5 and options else 1)

    monkeypatch.setattr(functional, "cross_entropy", poisoned)
    line = refused("train", photos, *QUICK)
    assert re.search(
        r"the loss is no longer a number in epoch 2, .*is kept in runs/shapes.*Train again with a lower --lr",
        line,
    )
    assert (here / "runs/shapes/checkpoints/best.safetensors").is_file()
