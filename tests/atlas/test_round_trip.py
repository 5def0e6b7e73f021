import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

from convscope.atlas import layout, write
from convscope.atlas.read import open_atlas
from convscope.errors import UnknownName
from convscope.plain.boxes import Box
from convscope.plain.pixelmap import PixelMap
from convscope.plain.question import Question
from convscope.plain.unit import Unit
from convscope.plain.validity import Validity

from .conftest import CHANNELS, NAMES, SIDE, columns, numbers


@pytest.mark.parametrize("place", [0, 1])
def test_numbers_come_back_in_the_promised_types(folder, place):
    read, written = open_atlas(folder).numbers(NAMES[place]), numbers(place)
    assert {name: array.dtype for name, array in read.items()} == layout.NUMBERS
    assert all(np.array_equal(read[name], written[name].astype(layout.NUMBERS[name])) for name in written)


def test_images_come_back_by_row(folder):
    images, written = open_atlas(folder).images, columns()
    assert images.ids == tuple(written["id"])
    assert images.labels.tolist() == written["label"]
    assert list(zip(images.heights, images.widths, strict=True)) == list(
        zip(written["height"], written["width"], strict=True)
    )
    assert images.row("é b.png") == 1


def test_layers_come_back_in_running_order_with_their_geometry(folder):
    atlas = open_atlas(folder)
    assert tuple(atlas.layers) == NAMES
    assert atlas.layers["relu1"].field.at(2, 1) == Box(1, 2, 4, 5)
    assert atlas.layers["relu1"].field.stride == (1, 1)
    assert [layer.pictures for layer in atlas.layers.values()] == [True, False]


def test_winners_and_channels_are_views_of_the_numbers(folder):
    atlas = open_atlas(folder)
    assert set(atlas.winners("relu1")) == {"value", "image", "y", "x"}
    assert atlas.channels("relu1")["dead"].tolist() == [False, False, True, False]
    assert atlas.channels("relu1")["channel"].tolist() == list(range(CHANNELS))


def test_the_loupe_comes_back(folder):
    rng = np.random.default_rng(1)
    channel, score = rng.integers(0, 65536, (2, 3, SIDE, SIDE)), rng.random((2, 3, SIDE, SIDE))
    write.write_loupe(folder, NAMES[1], channel, score)
    read = open_atlas(folder).loupe(NAMES[1])
    assert np.array_equal(read["channel"], channel)
    assert np.array_equal(read["score"], score.astype(np.float16))


@pytest.mark.parametrize("box", [None, Box(0.5, 1.25, 7.0, 8.0)])
def test_a_map_is_remembered_under_its_question(folder, box):
    question = Question("m", Unit("relu1", 2, (3, 4)), "deconvnet", 1, "é b.png", {"x": 1})
    seen = PixelMap(
        np.random.default_rng(2).normal(size=(8, 8, 3)).astype(np.float32), "units", Box(1, 2, 5, 6), box,
        "caption with “quotes”", Validity("partial", "2 of 3.", ("partial", "pool-only"), 2, 3, ("note",)), 1.5,
    )  # fmt: skip
    assert open_atlas(folder).map(question) is None
    write.write_map(folder, question, seen)
    read = open_atlas(folder).map(question)
    assert np.array_equal(read.array, seen.array)
    same = ("units", "input_box", "box", "caption", "validity", "value")
    assert [getattr(read, name) for name in same] == [getattr(seen, name) for name in same]


def test_a_layer_is_found_by_any_call_of_its_chain(folder):
    atlas = open_atlas(folder)
    assert atlas.layer("conv1").name == NAMES[1]
    assert np.array_equal(atlas.numbers("conv1")["mean"], atlas.numbers(NAMES[1])["mean"])


def test_an_unknown_layer_suggests_the_nearest(folder):
    with pytest.raises(UnknownName, match=r"unknown layer 'rleu1': did you mean relu1\?"):
        open_atlas(folder).layer("rleu1")


def test_an_unknown_image_suggests_the_nearest(folder):
    with pytest.raises(UnknownName, match=r"unknown image 'a.pgn': did you mean a.png"):
        open_atlas(folder).images.row("a.pgn")


def test_an_atlas_inside_a_run_is_found(folder):
    assert open_atlas(folder.parent).path == folder


def test_it_says_what_it_is(folder):
    assert repr(open_atlas(folder)) == f"<Atlas of tiny: 2 layers, 8 channels, 3 images, at {folder}>"


def test_safetensors_alone_can_read_it(folder):
    """Given only the format page, not this package, the numbers are found and read."""
    there = load_file(folder / "layers" / "block~2f2.add~232" / "numbers.safetensors")
    assert np.array_equal(there["mean"], numbers(1)["mean"])


@pytest.mark.parametrize(("tile", "most"), [(64, 21_500), (80, 28_500)])
def test_a_strip_busier_than_photographs_is_small_and_looks_like_what_was_drawn(tmp_path, tile, most):
    grain = np.random.default_rng(0).integers(0, 256, (2 * tile // 5, 9 * tile // 5, 3), dtype=np.uint8)
    drawn = np.asarray(Image.fromarray(grain).resize((9 * tile, 2 * tile), Image.Resampling.BICUBIC))
    path = layout.strip_file(tmp_path, "conv1", 7)
    write.write_picture(path, drawn)
    assert path.stat().st_size <= most
    with Image.open(path) as picture:
        error = np.asarray(picture).astype(float) - drawn
    assert 20 * np.log10(255 / error.std()) > 26  # decibels
