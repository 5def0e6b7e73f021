"""On the command line a message names flags, and a picture that is read is never written over."""

import shutil

import pytest

from .conftest import convscope, refused


@pytest.fixture
def net(here):
    (here / "net.py").write_text(
        "from torch import nn\n"
        "def make(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())\n"
        "def fixed(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 2))\n"
    )
    return "net.py:make"


def test_notes_and_errors_name_flags(net, photos, here):
    picture = photos / "disc" / "00.png"
    assert "not known: pass --imgsz, a side or height and width, and --mean and --std" in refused(
        "summary", net
    )
    answer = convscope("look", picture, "--model", net, "--imgsz", "8", "--unit", "1:0")
    assert "give --weights FILE for trained ones" in answer.err
    assert "refused until --mean and --std are given" in answer.err
    assert "--mean 0, --std 1 leaves them so" in answer.err
    assert "=" not in answer.err
    assert "Pass the --imgsz it was made for" in refused("summary", "net.py:fixed", "--imgsz", "9")
    line = refused("summary", net, "--imgsz", "8", "--mean", "0.5")
    assert "--mean was given without --std: give both" in line
    assert "give --weights 'w.pth' beside it" in refused("summary", "w.pth")


def test_a_word_too_many_is_named_with_the_flag_for_images(run, photos, here):
    line = refused("evaluate", run, photos)
    assert f"has no place for '{photos}'. Images are named with --data {photos}." in line
    assert "has no place for 'more'. See" in refused("models", "resnet18", "more")


@pytest.mark.parametrize("words", [
    ("look", "{pic}", "--model", "{run}", "--unit", "relu1:0", "-o", "{pic}"),
    ("convolve", "{pic}", "--kernel", "sobel-x", "-o", "./{pic}"),
    ("predict", "{run}", "{pic}", "-o", "{pic}"),
    ("check", "{pic}", "--html", "{pic}"),
])  # fmt: skip
def test_what_is_read_is_not_written_over(run, photos, here, words):
    shutil.copy(photos / "disc" / "00.png", here / "pic.png")
    line = refused(*(word.format(pic="pic.png", run=run) for word in words))
    assert "pic.png: it is the file that is read, and would be lost. Choose another place with --" in line
    assert (here / "pic.png").read_bytes() == (photos / "disc" / "00.png").read_bytes()


@pytest.mark.parametrize(
    ("command", "name"), [("maps", "input.png"), ("maps", "conv1.png"), ("shift", "shifted.png")]
)
def test_a_picture_named_as_what_is_written_beside_it_stays(run, photos, here, command, name):
    shutil.copy(photos / "disc" / "00.png", here / name)
    line = refused(command, name, "--model", run, "--out", ".")
    assert f"{name}: it is the file that is read, and would be lost. Choose another place with --out" in line
    assert (here / name).read_bytes() == (photos / "disc" / "00.png").read_bytes()


def test_a_run_is_told_nothing_beside(run, photos, here):
    line = refused("evaluate", run, "--weights", f"{run}@1")
    assert line.endswith("which is told nothing: leave out --weights")
    assert refused("summary", run, "--imgsz", "32").endswith("leave out --imgsz")
    assert f"so write {run}@1 instead of resnet18" in refused("summary", "resnet18", "--weights", f"{run}@1")
    picture = photos / "disc" / "00.png"
    (here / "names.txt").write_text("disc\nsquare\nstripes\n")
    told = ("--imgsz", "32", "--classes", "names.txt")  # the flags are for the one that needs them
    answer = convscope("predict", "--model", run, "--model", "6c3 p2", *told, picture)
    assert (answer.code, "imgsz" in answer.err) == (0, False), answer.err


def test_a_folder_or_a_picture_in_the_place_of_the_network(photos, here):
    (here / "nothing").mkdir()
    assert "no model in nothing: model.json is missing" in refused("summary", "nothing")
    shutil.copy(photos / "disc" / "00.png", here / "pic.png")
    assert "pic.png is no network: where both are asked for, the network comes first" in refused(
        "predict", "pic.png", "resnet18"
    )


def test_training_starts_from_an_epoch_of_a_run(run, photos, here):
    answer = convscope("train", photos, "--weights", f"{run}@1", "--epochs", "1", "--threads", "1")
    assert answer.code == 0, answer.err
    assert "whose network is not 'resnet18'" in refused(
        "train", photos, "--net", "resnet18", "--weights", f"{run}@1"
    )
    assert "keeps epochs 0, 1" in refused("train", photos, "--weights", f"{run}@77")
