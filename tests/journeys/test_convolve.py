"""``convscope convolve`` from the keyboard, on bundled pictures, drawn ones, and a trained network."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import convscope, refused


@pytest.fixture
def step(here: Path) -> Path:
    """A picture that is 10 at the left and 200 at the right."""
    pixels = np.full((8, 9), 10, np.uint8)
    pixels[:, 5:] = 200
    Image.fromarray(pixels).save(here / "step.png")
    return here / "step.png"


def test_an_edge_is_found_where_it_is(step, here):
    answer = convscope("convolve", "step.png", "--kernel", "sobel-x", "--then", "relu,max2", "--at", "2,3")
    assert answer.code == 0, answer.err
    assert "floor((8 + 0 + 0 - 3) / 1) + 1 = 6" in answer.out
    assert re.search(r"10\s+10\s+200\s+x\s+-2\s+0\s+2\s+=\s+-20\s+0\s+400\n", answer.out)
    assert "sum 760 + bias 0 = 760" in answer.out
    assert "max2         3 x 3, from 0 to 760" in answer.out
    with Image.open(here / "step-sobel-x.png") as page:
        assert page.format == "PNG"


def test_numbers_as_json(step, here):
    words = (
        "--padding",
        "full",
        "--stride",
        "2",
        "--dilation",
        "1",
        "--bias",
        "1.5",
        "-o",
        "out/a.png",
        "--json",
    )
    answer = convscope("convolve", "step.png", "--kernel", "blur", *words)
    told = json.loads(answer.out)
    assert (here / told["path"]).is_file()
    assert told["rows"]["formula"] == "floor((8 + 2 + 2 - 3) / 2) + 1 = 5"
    assert told["columns"]["visits"] == [2, 1, 2, 1, 2, 1, 2, 1, 2]
    assert told["at"]["value"] == pytest.approx(sum(map(sum, told["at"]["products"][0])) + 1.5)
    assert "kernel 3 at stride 2 visits them 2, 1, 2, 1" in told["broken_promises"][0]


def test_a_kernel_of_ones_own_on_a_bundled_picture(here):
    (here / "mine.csv").write_text("0,1\n-1,0\n")
    answer = convscope("convolve", "fashion", "--kernel", "mine.csv")
    assert answer.code == 0, answer.err
    assert "mine.csv on" in answer.out
    assert "the first of 11000 pictures" in answer.out
    assert (here / "fashion-mine.png").is_file()


def test_a_kernel_of_a_trained_network(run, photos, here):
    picture = next((photos / "disc").iterdir())
    answer = convscope("convolve", picture, "--kernel", f"{run}:conv2:3", "--then", "relu")
    assert answer.code == 0, answer.err
    assert "conv2:3 of" in answer.out
    assert "the input is what" in answer.out
    assert "the other 3 channels, sum" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--kernel", "sobel"], "unknown kernel 'sobel': did you mean sobel-"),
        (["--kernel", "blur-5", "--dilation", "3"], "the kernel spans 13 x 13 pixels, the input is 8 x 9"),
        (["--kernel", "blur", "--at", "9,0"], "position '9,0': the map has rows 0 to 5, columns 0 to 6."),
        (["--kernel", "blur", "--at", "9"], "cannot read position '9': write Y,X"),
        (
            ["--kernel", "blur", "--padding", "some"],
            "unknown padding 'some': choose valid, same, full, causal",
        ),
        (["--kernel", "blur", "--padding", "same-pytorch", "--stride", "2"], "not supported for strided"),
        (["--kernel", "blur", "--then", "pool"], "cannot read step 'pool': write relu, max2"),
        (["--kernel", "nothing:conv1:0"], "nothing"),
        (["--kernel", "blur", "--stride", "0"], "Must be >= 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(step, words, said):
    assert said in refused("convolve", "step.png", *words)


def test_a_picture_that_is_not_there(here):
    assert "there is no folder or image file 'photo.jpg'" in refused(
        "convolve", "photo.jpg", "--kernel", "blur"
    )
