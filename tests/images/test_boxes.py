"""Boxes from CSV files, and where they lie in what a network reads: against Pillow, drawing them."""

import numpy as np
import pytest

from convscope.ask.boxed import mask
from convscope.errors import BadImages
from convscope.images.boxes import parse_box, read_boxes
from convscope.plain.boxes import Box
from convscope.plain.fit import Fit

HEAD = "image,x0,y0,x1,y1\n"


def test_a_line_is_a_box_and_an_image_may_have_several(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text(
        'x1,image,y0,x0,y1,note\n4,"a, b.png",2,1,8,hello\n9.5,c.png,0,0,9,\n6,"a, b.png",5,5,6,\n',
        "utf-8-sig",
    )
    assert read_boxes(path) == {"a, b.png": (Box(1, 2, 4, 8), Box(5, 5, 6, 6)), "c.png": (Box(0, 0, 9.5, 9),)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("image,x0,y0,x1\n", r"boxes\.csv lacks the column y1: its first line is image,x0,y0,x1,y1"),
        ("", "lacks the column image"),
        (f"{HEAD}a,1,2,1,4\n", r"line 2: '1,2,1,4' is no box: .*x0 < x1"),
        (f"{HEAD}a,1,2,3,4\nb,1,2,nan,4\n", "line 3: '1,2,nan,4' is no box"),
        (f"{HEAD}a,1,2\n", "is no box"),
        (f"{HEAD}a,one,2,3,4\n", "'one,2,3,4' is no box"),
    ],
)
def test_what_is_no_box_is_named_with_its_line(tmp_path, text, says):
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(BadImages, match=says):
        read_boxes(tmp_path / "boxes.csv")


def test_a_missing_file_says_what_it_should_hold(tmp_path):
    with pytest.raises(BadImages, match=r"cannot read boxes from .*none\.csv.*Give a CSV with image,x0"):
        read_boxes(tmp_path / "none.csv")


def test_a_box_is_text_or_four_numbers_and_nothing_else():
    assert parse_box("1,2,3.5,4") == parse_box((1, 2, 3.5, 4)) == Box(1, 2, 3.5, 4)
    for wrong in ("1,2,3", (1, 2, 3), (1, 2, None, 4), (5, 5, 1, 1)):
        with pytest.raises(BadImages, match="is no box: write x0,y0,x1,y1 in source pixels"):
            parse_box(wrong)


@pytest.mark.parametrize(
    "fit", [Fit(32, 32, fill=0), Fit(32, 24, "stretch"), Fit(32, 32, "crop", resize=40), Fit(20, 36, fill=0)]
)
def test_a_mask_lies_where_a_white_box_lies_in_the_fitted_picture(fit):
    source = np.zeros((120, 80, 3), np.uint8)
    box = Box(24, 40, 56, 88)
    source[40:88, 24:56] = 255
    shown = fit.apply(source)[:, :, 0]
    made = mask(fit, [box], 120, 80)
    assert (shown[~made] < 128).all()
    assert (shown[made] > 0).all()
    back = fit.source_box(fit.input_box(box, 120, 80), 120, 80)
    assert back == pytest.approx(box, abs=0.7)  # of a source pixel: sizes are rounded


def test_a_box_that_the_crop_leaves_out_is_empty():
    assert not mask(Fit(32, 32, "crop", resize=32), [Box(0, 0, 80, 10)], 120, 80).any()
