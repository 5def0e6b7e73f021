"""One picture through every layer: what its page says, and what it does with a damaged or missing stack."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from convscope.atlas.picture import find_picture, forget_upload, keep_upload, uploads
from convscope.atlas.stack import joined, read_stack
from convscope.errors import UnknownName
from convscope.explorer.app import create_app
from convscope.explorer.packed import unpacked
from convscope.explorer.pages import page_addresses, script_addresses
from convscope.explorer.publish import publish

from .asking import ask
from .synthetic import CHOSEN, stack_levels
from .test_pages import read


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def picture(app, path: str) -> np.ndarray:
    reply = ask(app, path)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    return np.asarray(Image.open(io.BytesIO(reply.body)))


def test_every_map_lies_where_the_page_looks_for_it(app):
    sheet = picture(app, f"/image/{CHOSEN[0]}/maps.png")
    page = read(app, f"/image/{CHOSEN[0]}/")
    views = [list(map(int, svg["viewbox"].split())) for svg in page.all("svg") if svg.get("class") == "map"]
    expected = [
        levels for place in (0, 1) for levels in stack_levels(place)
    ]  # a vector has bars in place of maps
    assert len(views) == len(expected)
    for (left, top, width, height), levels in zip(views, expected, strict=True):
        assert np.array_equal(sheet[top : top + height, left : left + width], levels)


def test_the_page_tells_classes_peaks_captions_and_what_was_not_answered(app):
    page = read(app, f"/image/{CHOSEN[0]}/")
    assert 'cat "tom" & co 80 %' in page.text
    assert "no <i>answer</i> to another question" in page.text
    tiles = [link for link in page.all("a") if link.get("class") == "tile"]
    assert [tile["data-unit"] for tile in tiles][:4] == ["relu1:5", "relu1:0", "relu1:2", "layer2.0.relu#2:5"]
    assert tiles[0]["aria-label"] == "relu1 channel 5, at most 1.5"
    assert any(
        image["alt"].startswith("deconvnet <b>of</b> relu1:5 Full colour") for image in page.all("img")
    )


def test_a_drawn_map_has_zero_at_mid_grey_and_its_scale_in_the_script(app, atlas):
    stack = read_stack(atlas, find_picture(atlas, "1"))
    script = unpacked(ask(app, "/image/1/stack.js").text)
    asked = atlas.path / "maps" / f"{stack.answer('occlusion').key}.safetensors"
    from safetensors.numpy import load_file

    array = load_file(asked)["array"][:, :, 0]
    scale = np.percentile(np.abs(array[array != 0]), 99.5)
    board = script["boards"][2]
    assert (board["lens"], board["zero"], board["step"] * 127) == ("occlusion", 128, pytest.approx(scale))
    shown = picture(app, f"/{board['source']}").astype(float)
    assert np.abs((shown - 128) / 127 * scale - np.clip(array, -scale, scale)).max() <= scale / 250


def test_without_a_stack_the_page_shows_what_the_loupe_has_and_the_command(app):
    page = read(app, f"/image/{CHOSEN[1]}/")
    assert f"convscope stack RUN {CHOSEN[1]}" in page.text
    assert any("loupe/1.png" in image["href"] for image in page.all("image"))
    assert "Nothing was seen of this picture yet: convscope stack RUN 0" in read(app, "/image/0/").text


@pytest.mark.parametrize("key", ["6", "-1", "٣", "1" * 20, "u0123456789abcdef", "u..", "x"])
def test_an_image_that_is_not_there_is_named(app, key):
    assert ask(app, f"/image/{key}/").status == 404
    assert "unknown image" in ask(app, f"/image/{key}/").text


@pytest.mark.parametrize("part", ["stack.js", "maps.png", "0" * 32 + ".png", "../maps.png"])
def test_parts_of_a_stack_that_is_not_there_are_named(app, part):
    assert ask(app, f"/image/{CHOSEN[1]}/{part}").status == 404


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about["layers"][0].update(name="nowhere"),
        lambda about: about["layers"][0].update(channels=[99, 0, 1]),
        lambda about: about.update(likeliest=[[44, 0.5]]),
        lambda about: about["answers"][0].update(key="../../../../etc/passwd"),
        lambda about: about.pop("notes"),
    ],
)
def test_a_damaged_stack_is_named_and_nothing_else_is_read(own, change):
    path = own.path / "stacks/1/stack.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))
    reply = ask(create_app(own), "/image/1/")
    assert reply.status == 500
    assert "stack.json is damaged" in reply.text


def test_a_picture_of_ones_own_is_seen_but_never_published(own, tmp_path):
    kept = keep_upload(own, np.full((40, 50, 3), 200, np.uint8))
    assert keep_upload(own, np.full((40, 50, 3), 200, np.uint8)).key == kept.key
    app = create_app(own)
    assert "never published" in ask(app, f"/image/{kept.key}/").text
    assert picture(app, f"/image/{kept.key}/photo.png").shape == (32, 32, 3)
    publish(own, tmp_path / "site")
    assert not [path for path in (tmp_path / "site").rglob("*") if kept.key in path.as_posix()]
    assert not [path for path in (tmp_path / "site").rglob("*.html") if kept.key in path.read_text()]
    assert not [address for address in (*page_addresses(own), *script_addresses(own)) if kept.key in address]


def test_a_picture_of_ones_own_can_be_forgotten_and_a_surveyed_one_cannot(own):
    kept = keep_upload(own, np.zeros((9, 9, 1), np.uint8))
    assert [each.key for each in uploads(own)] == [kept.key]
    forget_upload(own, kept.key)
    assert not list(uploads(own))
    with pytest.raises(UnknownName, match="unknown upload '1'"):
        forget_upload(own, "1")


def test_maps_of_unlike_layers_are_joined_row_by_row():
    first, second = np.full((2, 3, 4), 9, np.uint8), np.full((3, 1, 1), 7, np.uint8)
    sheet = joined([first, second])
    assert sheet.tolist() == [[9] * 8] * 3 + [[7] * 3 + [0] * 5]


def test_a_map_of_the_chosen_unit_is_shown_with_its_own_name(atlas):
    page = ask(create_app(atlas), "/image/1/", query="unit=head:1").text
    assert 'data-lens="occlusion" data-unit="head:1"' in page
    assert 'data-lens="deconvnet" data-unit="relu1:5"' in page  # the only one there is
