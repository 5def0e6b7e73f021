"""A part of an atlas as files: what is left out is nowhere, what is inside keeps its number, every page says how much."""

import re

import numpy as np
import pytest
from PIL import Image

from convscope.atlas import layout
from convscope.atlas.read import open_atlas
from convscope.errors import BadSpec, UnknownName
from convscope.explorer.app import create_app
from convscope.explorer.cut.atlas import cut_down
from convscope.explorer.excerpt import Excerpt
from convscope.explorer.packed import unpacked
from convscope.explorer.publish import publish
from convscope.plain.names import escape

from . import synthetic
from .asking import ask
from .test_pages import Reader

DEEP = "layer2.0.relu#2"
LINK = re.compile(r"layer/([^/]+)/(?:index\.html)?\?c=(\d+)")


@pytest.fixture(scope="module")
def part(atlas, tmp_path_factory):
    folder = tmp_path_factory.mktemp("part") / "site"
    publish(atlas, folder, layers=f"{DEEP},relu1", top=3)
    return folder


@pytest.fixture(scope="module")
def bare(atlas, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare") / "site"
    return folder, publish(atlas, folder, patches=False)


def best_three(atlas, layer: str) -> set[int]:
    """The most selective by the definition (Morcos et al. 2018), one channel at a time; dead ones last."""
    numbers = atlas.numbers(layer)
    found = []
    for channel, peaks in enumerate(numbers["class_peak"].astype(float).tolist()):
        best = max(peaks)
        rest = (sum(peaks) - best) / 3
        found.append((bool(numbers["maximum"][channel] <= 0), -(best - rest) / (best + rest), channel))
    return {channel for *_, channel in sorted(found)[:3]}


def texts(site):
    """Every page, and every panel in the scripts."""
    for path in site.rglob("*.html"):
        yield path.relative_to(site).as_posix(), path.read_text()
    for path in site.glob("layer/*/panels/*.js"):
        for text in unpacked(path.read_text()):
            yield path.relative_to(site).as_posix(), text


def test_the_channels_kept_are_the_most_selective_and_keep_their_numbers(atlas, part):
    for layer in ("relu1", DEEP):
        strips = {int(path.stem) for path in (part / "layers" / escape(layer) / "strips").iterdir()}
        page = Reader((part / "layer" / escape(layer) / "index.html").read_text())
        cards = {int(card["data-channel"]) for card in page.all("article")}
        assert strips == cards == best_three(atlas, layer)
    assert not (part / "layers/head").exists()
    assert not (part / "layer/head").exists()


def test_every_page_says_how_much_of_the_atlas_it_is(part):
    for path in part.rglob("*.html"):
        assert "Published: 2 of 3 layers, 6 of 146 channels, 6 of 6 images." in path.read_text(), path


def test_nothing_links_to_a_channel_that_is_left_out(atlas, part):
    inside = {escape(layer): best_three(atlas, layer) for layer in ("relu1", DEEP)}
    found = [
        (place, *link) for place, text in texts(part) for link in LINK.findall(text) if "{" not in link[0]
    ]
    assert len(found) > 10
    assert [entry for entry in found if int(entry[2]) not in inside.get(entry[1], ())] == []
    searched = unpacked((part / "search/channels.js").read_text())
    assert searched["some"] == [
        channel for layer in ("relu1", DEEP) for channel in sorted(best_three(atlas, layer))
    ]
    assert [entry[2] for entry in searched["layers"]] == [3, 3]


def test_a_sheet_shows_the_kept_channels_in_their_places_and_nothing_else(atlas, part):
    kept, side = best_three(atlas, "relu1"), layout.SHEET_TILE * 3
    with Image.open(part / "layers/relu1/sheets/patches-000.jpg") as picture:
        pixels = np.asarray(picture).astype(int)
    for channel in range(10):
        at = pixels[channel // 8 * side + 20, channel % 8 * side + 20]
        wanted = synthetic.colour(0, channel, 0, False) if channel in kept else (128, 128, 128)
        assert np.abs(at - wanted).max() <= 4, channel


def test_the_loupe_shows_kept_channels_only_the_strongest_first(atlas, part):
    script = unpacked((part / "loupe/0/relu1.js").read_text())
    assert "no further published channel answers here" in (part / "index.html").read_text()
    channel = np.reshape(script["channels"], (3, 16, 16))
    before, kept = atlas.loupe("relu1")["channel"][0], best_three(atlas, "relu1")
    for y, x in np.ndindex(16, 16):
        stay = [number for number in before[:, y, x].tolist() if number in kept]
        assert channel[:, y, x].tolist() == stay + [synthetic.NONE] * (3 - len(stay))
    with Image.open(part / "layers/relu1/loupe/0.png") as maps:
        assert maps.height == 16 * len(set(channel.ravel().tolist()) - {synthetic.NONE})


def test_a_layer_beside_another_is_counted_whole(part):
    column = Reader(unpacked((part / "layer/relu1/beside.js").read_text())[""])
    said = column.text
    assert "channels 10 dead 1 map" in said  # three are published, none of them dead
    counts = re.search(r"its channels prefer (.*) Its most", said)[1]
    assert sum(int(number) for number in re.findall(r" (\d+)(?= |$)", counts)) == 9
    assert "3 shown of 10" in said


def test_a_left_out_channel_says_so_where_it_is_asked_for(part, atlas):
    out = next(channel for channel in range(10) if channel not in best_three(atlas, "relu1"))
    text = unpacked((part / "layer/relu1/panels/000.js").read_text())[out]
    assert f"relu1 · channel {out}" in text
    assert "not published here" in text
    assert "<img" not in text


def test_without_patches_no_picture_of_an_image_is_anywhere(bare):
    site, report = bare
    pictures = {
        path.relative_to(site).as_posix() for path in site.rglob("*") if path.suffix in (".jpg", ".png")
    }
    allowed = re.compile(
        r"layers/[^/]+/((?:strips|evolution)/\d+\.jpg|sheets/projections-\d+\.jpg|kernels\.png)"
    )
    assert pictures
    assert [name for name in pictures if not allowed.fullmatch(name)] == []
    for path in [*site.glob("layers/*/strips/*.jpg"), *site.glob("layers/*/evolution/*.jpg")]:
        with Image.open(path) as picture:
            upper = np.asarray(picture)[: synthetic.TILE - 1]
        assert upper.min() == upper.max() == 235
    linked = [
        source
        for _, text in texts(site)
        for source in re.findall(r'(?:src|href)="([^"]+\.(?:jpg|png))"', text)
    ]
    assert [source for source in linked if not allowed.search(source)] == []
    assert "no patch, photograph, thumbnail or map" in report.warnings[0]
    assert "traces" in report.warnings[0]


def test_without_patches_pages_say_what_is_missing(bare):
    site, _ = bare
    said = {"": "needs photographs", "layer/relu1/": "not published", "why/": "is not published here"}
    for address, words in said.items():
        page = (site / address / "index.html").read_text()
        assert words in page
        assert "what images look like is left out" in page


def test_an_atlas_is_published_from_within_its_folder(own, tmp_path, monkeypatch):
    monkeypatch.chdir(own.path)
    publish(open_atlas("."), tmp_path / "site", layers="head", top=1)
    page = (tmp_path / "site/layer/head/index.html").read_text()
    assert "1</b> published of" in page


def test_a_part_does_not_say_of_the_whole_that_nobody_asked(bare):
    said = Reader((bare[0] / "diagnose/index.html").read_text()).text
    assert "Not known here: what it is read off is not published." in said
    assert "nobody has asked" not in said


def test_a_lesson_keeps_a_dozen_images_and_the_channels_that_the_loupe_shows(atlas, tmp_path):
    lesson = cut_down(atlas, Excerpt(profile="lesson", layers=DEEP, top=5), tmp_path)
    shown = np.bincount(atlas.loupe(DEEP)["channel"].ravel(), minlength=130)[:130]
    alive = atlas.numbers(DEEP)["maximum"] > 0
    assert sorted(shown[lesson.kept.channels[DEEP]]) == sorted(shown[alive])[-5:]
    assert len(lesson.chosen) == len(atlas.chosen) <= 12
    assert lesson.layers.keys() == {DEEP}


def test_a_lesson_takes_fewer_channels_until_it_is_small(atlas, tmp_path, monkeypatch):
    tries = []

    def write(part, root):
        tries.append(sum(map(len, part.kept.channels.values())))
        (root / "all").write_bytes(bytes(500_000 + 100_000 * tries[-1]))
        return ["all"]

    monkeypatch.setattr("convscope.explorer.publish._write_site", write)
    monkeypatch.setattr("convscope.explorer.publish.LESSON_BYTES", 2_000_000)
    report = publish(atlas, tmp_path / "site", profile="lesson", layers=f"relu1,{DEEP}")
    assert tries[0] == 10 + 32
    assert tries[-1] == (report.bytes - 500_000) / 100_000
    assert 1_000_000 < report.bytes < 2_000_000
    assert len(tries) < 5


def test_published_pictures_carry_no_metadata(site, part, bare):
    for folder in (site, part, bare[0]):
        for path in folder.rglob("*.*"):
            if path.suffix in (".jpg", ".png", ".webp"):
                with Image.open(path) as picture:
                    told = {
                        "exif",
                        "icc_profile",
                        "xmp",
                        "XML:com.adobe.xmp",
                        "comment",
                        "photoshop",
                    } & picture.info.keys()
                assert not told, (path, told)


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ({"layers": "relu1,relu9"}, UnknownName, r"unknown layer 'relu9': did you mean relu1"),
        ({"top": 0}, BadSpec, r"top = 0: of each layer at least 1 channel"),
        ({"profile": "tiny"}, BadSpec, r"profile = 'tiny': it is all or lesson"),
        ({"profile": "lesson", "patches": False}, BadSpec, r"lessons are about photographs"),
    ],
)
def test_settings_that_cannot_be_are_named(atlas, tmp_path, asked, error, says):
    with pytest.raises(error, match=says):
        publish(atlas, tmp_path / "site", **asked)
    assert not list(tmp_path.iterdir())


def test_embedding_is_offered_by_files_and_forbidden_by_the_server(atlas, part):
    kept = min(best_three(atlas, "relu1"))
    reply = ask(create_app(atlas), "/layer/relu1/", query=f"c={kept}")
    assert "SITE/layer/relu1/index.html" in reply.text  # where it will be published, never here
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "embed=1" in unpacked((part / "layer/relu1/panels/000.js").read_text())[kept]


def test_by_default_all_is_published():
    assert Excerpt().whole
    assert not Excerpt(top=3).whole
