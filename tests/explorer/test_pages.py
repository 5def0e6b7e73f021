import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.atlas.write import write_numbers
from convscope.explorer.addresses import PANELS_A_SHARD
from convscope.explorer.app import create_app
from convscope.explorer.packed import unpacked
from convscope.explorer.pages import page_addresses

from . import synthetic
from .asking import ask

TAGS = {"script", "img", "svg", "b", "a", "p"}


class Reader(HTMLParser):
    """The text of a page, its tags and its attributes."""

    def __init__(self, page: str):
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def app(atlas):
    return create_app(atlas)


def read(app, path: str, query: str = "") -> Reader:
    reply = ask(app, path, query=query)
    assert reply.status == 200, reply.text
    return Reader(reply.text)


def test_every_page_answers_and_every_image_has_alt(app, atlas):
    for address in page_addresses(atlas):
        page = read(app, f"/{address}")
        assert all("alt" in image for image in page.all("img"))
        assert all(svg.keys() & {"aria-hidden", "aria-label", "role"} for svg in page.all("svg"))
        assert len(page.all("h1")) == 1


def test_names_are_text_and_never_markup(app, atlas):
    for address in page_addresses(atlas):
        page = read(app, f"/{address}")
        assert all(set(script) <= {"src", "defer", "type"} for script in page.all("script"))
        assert not [tag for tag, attributes in page.tags if any(name.startswith("on") for name in attributes)]
        assert not [tag for tag, attributes in page.tags if "style" in attributes]
    assert "<script>alert(1)</script>" in read(app, "/images/").text


def test_data_in_scripts_cannot_close_them(app):
    page = ask(app, "/").text
    data = page.split('type="application/json">')[1].split("</script>")[0]
    assert "<" not in data
    assert json.loads(data)["images"][1]["id"] == synthetic.IDS[3]


def test_a_layer_lists_every_channel(app):
    page = read(app, "/layer/layer2.0.relu~232/")
    cards = [card for card in page.all("article") if "data-channel" in card]
    assert [card["data-channel"] for card in cards] == [str(channel) for channel in range(130)]
    assert "layer2.0.relu#2" in page.text
    assert "130 , 1 dead" in page.text
    assert "courses also call the kernel itself so" in page.text


def test_kernels_come_before_patches_where_a_layer_sees_pixels(app):
    page = ask(app, "/layer/relu1/").text
    assert 0 < page.index("kernels.png") < page.index("patches-000.jpg")
    assert "kernels.png" not in ask(app, "/layer/head/").text


def test_a_channel_shows_its_stored_numbers(app, atlas):
    numbers = atlas.numbers("relu1")
    page = read(app, "/layer/relu1/", "c=7")
    for name in ("maximum", "mean", "p999"):
        assert f"{numbers[name][7]:.3g}" in page.text
    rows = [int(row) for row in re.findall(r"row (\d)", page.text)]
    assert rows == [row for row in numbers["image"][7].tolist() if row >= 0]


def test_the_panel_on_the_page_is_the_one_in_the_script(app):
    texts = unpacked(ask(app, "/layer/layer2.0.relu~232/panels/035.js").text)
    assert len(texts) == PANELS_A_SHARD == 2
    assert texts[70 - 70] in ask(app, "/layer/layer2.0.relu~232/", query="c=70").text


def test_images_count_what_they_show(app):
    assert "6 shown of 6 ." in read(app, "/images/").text
    wrong = [row for row in range(6) if synthetic.LABELS[row] != synthetic.PREDICTED[row]]
    page = read(app, "/images/wrong/1/")
    assert [figure["id"] for figure in page.all("figure") if "id" in figure] == [
        f"row-{row}" for row in wrong
    ]


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("/layer/relu/", "", "unknown layer &#39;relu&#39;: did you mean relu1"),
        ("/layer/relu1/", "c=99", r"unknown channel &#39;99&#39;.*Layer relu1 has channels 0 to 9"),
        ("/layer/relu1/", "c=-1", "unknown channel &#39;-1&#39;"),
        ("/layer/relu1/", "c=%D9%A3", "unknown channel &#39;٣&#39;"),
        ("/images/wrnog/1/", "", "unknown group of images &#39;wrnog&#39;: did you mean wrong"),
        ("/images/all/9/", "", "unknown page &#39;9&#39;"),
        ("/loupe/9/relu1.js", "", "unknown chosen image &#39;9&#39;"),
        ("/layer/relu1/panels/044.js", "", "unknown panel shard &#39;44&#39;"),
        ("/images/photo-0.png", "", "images/photo-0.png is missing: `convscope survey RUN` makes it"),
        ("/nowhere/", "", "There is no such page.*This atlas has no page /nowhere/"),
        ("/layer/relu1/9/", "", "This atlas has no page /layer/relu1/9/"),
    ],
)
def test_what_does_not_exist_is_named_with_what_does(app, path, query, says):
    reply = ask(app, path, query=query)
    assert reply.status == 404
    assert re.search(says, reply.text, re.DOTALL)


def test_a_half_made_atlas_shows_what_it_has(half_made):
    app = create_app(half_made)
    for address in page_addresses(half_made):
        assert ask(app, f"/{address}").status == 200
    strips = [image["alt"] for image in read(app, "/").all("img") if image.get("class") == "strip"]
    assert strips[:3] == ["The pictures of this channel are missing: convscope survey RUN makes them"] * 3
    assert "No pictures yet" in read(app, "/layer/relu1/").text
    assert "pictures of this channel are missing" in read(app, "/layer/relu1/", "c=3").text
    assert "No pictures yet of relu1, layer2.0.relu#2, head" in read(app, "/about/").text


def test_a_damaged_file_is_named(atlas, tmp_path):
    shutil.copytree(atlas.path, tmp_path / "atlas")
    app = create_app(open_atlas(tmp_path / "atlas"))
    layout.loupe_file(tmp_path / "atlas", "relu1").write_bytes(b"junk")
    reply = ask(app, "/loupe/0/relu1.js")
    assert reply.status == 500
    assert "loupe.safetensors is damaged" in reply.text


def test_without_loupe_data_the_first_page_says_how_to_make_them(half_made, monkeypatch):
    monkeypatch.setattr(type(half_made), "chosen", ())
    assert (
        "nothing to show yet: this atlas is at stage “numbers”. convscope survey RUN"
        in read(create_app(half_made), "/").text
    )


def test_pictures_of_four_winners_a_channel_are_four_tiles_wide(own):
    numbers = {name: np.array(array) for name, array in own.numbers("relu1").items()}
    four = {name: array[:, :4].copy() for name, array in numbers.items() if array.shape[1:] == (9,)}
    write_numbers(own.path, "relu1", numbers | four)
    app = create_app(open_atlas(own.path))
    text, tile = ask(app, "/layer/relu1/", query="c=4").text, own.layers["relu1"].tile
    assert len(re.findall(rf'strips/4.jpg" width="{4 * tile}" height="{2 * tile}"', text)) == 4
    # four whole images of 64 pixels, six of quantiles of 48, four times three of channels alike of 32
    assert len(re.findall(r'context/4.jpg" width="384" height="144"', text)) >= 4
    assert "below its 4 strongest answers" in text
    said = [read(app, address).text for address in ("/", "/layer/relu1/", "/about/", "/learn/deconvnet/")]
    assert [words for words in said if re.search(r"\bnine\b", words)] == []


def test_where_tiles_show_the_middle_of_a_field_a_second_frame_and_words_say_so(own):
    manifest = json.loads((own.path / layout.MANIFEST).read_text())
    entry = manifest["layers"][1]  # of pictures of 32 pixels it sees 13, in steps of 4 from -4
    frames = r'<rect class="shown line" x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"'
    address = "/layer/layer2.0.relu~232/"
    before = ask(create_app(own), address, query="c=4").text
    assert ("tiles show its middle" in before, re.findall(frames, before)) == (False, [])
    entry["middle"] = [7, 9]
    (own.path / layout.MANIFEST).write_text(json.dumps(manifest))
    text, numbers = (
        ask(create_app(open_atlas(own.path)), address, query="c=4").text,
        own.numbers(entry["name"]),
    )
    assert '; tiles show its middle <b class="number">7 × 9</b>' in text
    assert len(re.findall(frames, text)) == np.count_nonzero(numbers["image"][4] >= 0) > 4
    data = json.loads(ask(create_app(open_atlas(own.path)), "/api/v1/layer/layer2.0.relu~232.json").text)
    assert data["tiles show"] == [7, 9]
    for rank, frame in enumerate(re.findall(frames, text)):
        left = min(max(4 * int(numbers["x"][4, rank]) - 4 + 2, 0), 32 - 9)
        top = min(max(4 * int(numbers["y"][4, rank]) - 4 + 3, 0), 32 - 7)
        scale = 64 / 32
        assert data["all"][4]["winners"][rank]["tile shows"] == [left, top, left + 9, top + 7]
        assert [float(part) for part in frame] == [
            64 * rank + left * scale,
            top * scale,
            9 * scale,
            7 * scale,
        ]


@pytest.mark.parametrize("guided", [0, 2])
def test_the_lesson_says_how_many_layers_are_drawn_otherwise(own, guided):
    manifest = json.loads((own.path / layout.MANIFEST).read_text())
    for layer in manifest["layers"][:guided]:
        layer["lens"] = {"name": "guided", "reason": "asked for"}
    (own.path / layout.MANIFEST).write_text(json.dumps(manifest))
    said = read(create_app(open_atlas(own.path)), "/learn/deconvnet/").text
    assert ("guided" in said) == bool(guided)
    assert ("in 2 of its 3 layers with one rule more" in said) == bool(guided)


def test_an_atlas_without_rows_of_whole_images_takes_them_from_the_thumbnails(own):
    shutil.rmtree(layout.sources_file(own.path, "head", 0).parent)
    text = ask(create_app(own), "/layer/head/", query="c=4").text
    assert "sources/" not in text
    assert 'thumbs-000.jpg" width="640" height="640"' in text
