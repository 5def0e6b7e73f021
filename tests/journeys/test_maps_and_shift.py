"""Maps and shifts from the command line, on a run trained in seconds."""

import json

import pytest
from PIL import Image

import convscope as cs
from convscope.model.store import save_model

from .conftest import QUICK, convscope, refused


@pytest.fixture
def photo(photos):
    return photos / "disc" / "00.png"


def test_maps_writes_a_sheet_a_layer_and_says_what_is_in_them(run, photo, here):
    answer = convscope("maps", photo, "--model", run)
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].startswith("conv1: as the convolution gives it, 6 maps of 32x32, -")
    assert lines[1].startswith("  relu1: after ReLU, 6 maps of 32x32, 0 to ")
    assert lines[-1] == "00-maps/index.html: 10 sheets"
    page = (here / "00-maps" / "index.html").read_text("utf-8")
    assert "1. conv1 → relu1 → pool1" in page
    with Image.open(here / "00-maps" / "pool1.png") as sheet:
        assert sheet.mode == "RGBA"


def test_maps_of_one_layer_as_json(run, photo, here):
    found = json.loads(
        convscope("maps", photo, "--model", run, "--layer", "pool2", "--top", 3, "-o", "m", "--json").out
    )
    (row,) = found["layers"]
    array = cs.maps(run, photo, "pool2").layers["pool2"].array
    assert (row["shape"], row["high"]) == ([8, 8, 8], float(array.max()))
    assert {path.name for path in (here / "m").iterdir()} == {"index.html", "input.png", "pool2.png"}
    assert "3 of 8 shown, strongest first" in (here / "m" / "index.html").read_text("utf-8")


def test_shift_alone_names_the_command_for_the_twin(run, photo, here):
    answer = convscope("shift", photo, "--model", run, "--by", "0..2")
    assert answer.code == 0, answer.err
    assert (
        "Over 1 picture moved 1 to 2 pixels to the right, the class scores of shapes change by" in answer.out
    )
    assert f"convscope shift {photo} --model {run} --train-twin" in answer.out.splitlines()[-1]
    assert {path.name for path in (here / "00-shift").iterdir()} == {
        "index.html", "shift.svg", "shift.json", "shifted.png"
    }  # fmt: skip


def test_the_twin_is_trained_once_with_the_recipe_of_the_run(own_run, photos, here):
    words = (
        "shift",
        photos,
        "--model",
        own_run,
        "--train-twin",
        "--by",
        "0,4",
        "--sample",
        6,
        "-o",
        "s",
        "--json",
    )
    first = convscope(*words)
    assert first.code == 0, first.err
    assert "own-strided, 6c3 6c2s2:valid 8c3 8c2s2:valid fc12 (training now)" in first.err
    twin = own_run.with_name("own-strided")
    ours, theirs = (dict(line.split(": ", 1) for line in (folder / "config.yaml").read_text().splitlines())
                    for folder in (own_run, twin))  # fmt: skip
    assert {key for key in ours if ours[key] != theirs[key]} == {"net"}
    assert (twin / "split.csv").read_text() == (own_run / "split.csv").read_text()
    found = json.loads(first.out)
    assert [each["model"] for each in found["models"]] == ["shapes", "own-strided"]
    assert [layer["shape"] for layer in found["models"][0]["layers"]] == [
        layer["shape"] for layer in found["models"][1]["layers"]
    ]
    again = convscope(*words)
    assert "already trained" in again.err
    assert json.loads(again.out) == found


def test_any_second_run_can_be_the_twin(run, photo, here):
    answer = convscope("shift", photo, "--model", run, "--twin", run, "--by", "0,1")
    assert "no clear difference" in answer.out
    assert "--train-twin" not in answer.out


def test_what_goes_wrong_is_one_line(run, photo, photos, own_run, here):
    assert "unknown layer 'pool11': did you mean pool1" in refused(
        "maps", photo, "--model", run, "--layer", "pool11"
    )
    assert "48 pictures: maps are of one picture" in refused("maps", photos, "--model", run)
    assert (
        "by 40 pixels moves the 32x32 picture that shapes is shown out of sight: choose 0 to 31"
        in refused("shift", photo, "--model", run, "--by", "0..40")
    )
    assert "lenet5 is no run folder" in refused("shift", photo, "--model", "lenet5", "--train-twin")
    assert "ask for two twins" in refused("shift", photo, "--model", run, "--twin", run, "--train-twin")


def test_a_stranger_in_the_twins_place_is_not_taken_for_it(own_run, photo, photos, here):
    assert convscope("train", photos, *QUICK, "--out", own_run.parent, "--name", "own-strided").code == 0
    assert "not the twin '6c3 6c2s2:valid 8c3 8c2s2:valid fc12': move it away" in refused(
        "shift", photo, "--model", own_run, "--train-twin"
    )


def test_pools_are_replaced_in_specs_only(own_run, photo, here):
    save_model(cs.open_model("squeezenet1_1", classes=["a", "b", "c"], input_size=64), own_run / "model")
    assert "holds squeezenet1_1, which is not written as a spec" in refused(
        "shift", photo, "--model", own_run, "--train-twin"
    )
