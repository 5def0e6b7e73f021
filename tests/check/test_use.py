"""The check as people meet it: command, page, memory, and the split that listens to it."""

import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convscope as cs
from convscope.check.run import keep_together
from convscope.cli import app
from convscope.images import memory, open_images, split_images, verify

from .drawn import drawn


def command(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        app([*map(str, words)], exit_on_error=False, print_error=False)
    return int(end.value.code or 0)


@pytest.fixture
def dirty(photos: Path) -> Path:
    Image.open(photos / "cat/03.png").save(photos / "dog/<b>bold.png")
    (photos / "cat/text.jpg").write_text("milk")
    return photos


def test_the_terminal_names_the_gravest_first(dirty, capsys):
    assert command("check", dirty) == 0
    text = capsys.readouterr().out
    assert "photos: 25 images, 2 classes" in text
    assert text.index("1 picture has two labels (exact copies).") < text.index("1 file cannot be used")
    assert "cat/03.png = dog/<b>bold.png  (cat / dog)" in text
    assert "1 grave, 1 warning, 0 notes." in text


def test_strict_fails_only_where_something_is_grave(dirty, capsys):
    assert command("check", dirty, "--strict") == 1
    (dirty / "dog/<b>bold.png").unlink()
    assert command("check", dirty, "--strict") == 0


def test_json_holds_everything(dirty, capsys):
    assert command("check", dirty, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["images"], report["grave"]) == (25, 1)
    assert report["findings"][0]["groups"] == [["cat/03.png", "dog/<b>bold.png"]]
    assert report["findings"][0]["next_step"].startswith("Decide which label is right")


def test_the_page_shows_the_pictures_and_asks_nothing_of_the_network(dirty, tmp_path, capsys):
    assert command("check", dirty, "-o", tmp_path / "out") == 0
    page = (tmp_path / "out/findings.html").read_text("utf-8")
    assert json.loads((tmp_path / "out/findings.json").read_text())["name"] == "photos"
    assert page.count('src="data:image/') == 2
    assert "dog/&lt;b&gt;bold.png" in page
    assert "<b>bold" not in page
    assert not re.search(r"https?://|<script|url\(", page)
    assert "prefers-color-scheme: dark" in page


def test_how_many_are_shown_of_how_many(photos, capsys):
    for number in range(5):
        (photos / f"cat/text{number}.jpg").write_text("milk")
    command("check", photos, "--top", "2")
    assert "2 shown of 5" in capsys.readouterr().out


def test_copies_stay_on_one_side_of_a_split(photos):
    for number in range(6):
        drawn(number).save(photos / f"cat/copy{number}.jpg", quality=85)
    images = open_images(photos)
    grouped = keep_together(images, cs.check(images))
    for seed in range(5):
        split = dict(zip(images.ids, split_images(grouped, val=0.4, seed=seed).splits, strict=True))
        assert all(split[f"cat/0{number}.png"] == split[f"cat/copy{number}.jpg"] for number in range(6))
        assert set(split.values()) == {"train", "val"}


def test_groups_of_the_source_are_joined_by_copies(photos):
    """Given ann in two pictures of which each has a copy elsewhere, all four and bob's other picture are one group."""
    for number in (0, 1):
        drawn(number).save(photos / f"cat/copy{number}.jpg", quality=85)
    images = open_images(photos)
    people = {"cat/00.png": "ann", "cat/01.png": "ann", "cat/copy1.jpg": "bob", "cat/05.png": "bob"}
    named = replace(images, groups=tuple(people.get(name, name) for name in images.ids))
    grouped = keep_together(named, cs.check(named))
    group = dict(zip(grouped.ids, grouped.groups or (), strict=True))
    assert len({group[name] for name in (*people, "cat/copy0.jpg")}) == 1
    assert len(set(group.values())) == len(images) - 4


def test_a_class_whose_pictures_all_look_alike_can_still_be_split(photos):
    """Given a class of drawings that are near copies of each other, its pictures may be judged; exact copies stay."""
    for number in range(12):
        drawn(0).crop((number % 3, 0, 96, 96)).save(photos / f"cat/{number:02d}.png")
    images = open_images(photos)
    findings = cs.check(images)
    assert len(findings.of("near duplicate").groups[0]) == 12
    split = split_images(keep_together(images, findings), val=0.4)
    assert "cat" in {images.classes[label] for label in split.split("val").labels}
    sides = {number % 3: set() for number in range(3)}
    for name, side in zip(split.ids, split.splits, strict=True):
        if name.startswith("cat"):
            sides[int(name[4:6]) % 3].add(side)
    assert all(len(side) == 1 for side in sides.values())


@pytest.fixture
def remembered(photos, tmp_path, monkeypatch) -> Path:
    """A folder old enough to be remembered, in a cache of its own."""
    monkeypatch.setenv(memory.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(memory, "FEWEST", 1)
    for path in photos.rglob("*.png"):
        os.utime(path, (time.time() - 60,) * 2)
    return photos


def test_a_second_check_decodes_only_what_changed(remembered, monkeypatch, tmp_path):
    decoded: list[int] = []
    real = verify.glance
    monkeypatch.setattr(verify, "glance", lambda data: decoded.append(1) or real(data))
    first = cs.check(remembered)
    assert len(decoded) == 24
    again = cs.check(remembered)
    assert len(decoded) == 24
    assert again.findings == first.findings
    drawn(99).save(remembered / "cat/00.png")
    cs.check(remembered)
    assert len(decoded) == 25
    assert [path.suffix for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [".safetensors"]


def test_what_is_remembered_equals_what_is_seen(remembered):
    images = open_images(remembered)
    again = open_images(remembered)
    assert [again.glance(row) for row in range(24)] == [images.glance(row) for row in range(24)]
    assert again.digest == images.digest


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_memory_costs_a_second_look_no_more(remembered, tmp_path, damage):
    before = cs.check(remembered)
    (file,) = (tmp_path / "cache").rglob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-999] if damage is None else damage)
    assert cs.check(remembered).findings == before.findings


def test_a_file_that_changed_just_now_is_not_remembered(remembered, tmp_path):
    drawn(98).save(remembered / "cat/00.png")
    cs.check(remembered)
    known = memory.recall(str(remembered.resolve()))
    assert len(known) == 23
    assert not any("cat/00.png" in stamp for stamp in known)


def test_the_cache_can_be_switched_off(remembered, tmp_path, monkeypatch):
    monkeypatch.setenv(memory.VARIABLE, "off")
    cs.check(remembered)
    assert not (tmp_path / "cache").exists()


def test_pictures_in_the_page_carry_no_metadata(tmp_path):
    from convscope.check.page import page

    exif = Image.Exif()
    exif[0x010E] = "secret place"
    picture = drawn(1)
    picture.save(tmp_path / "a.jpg", exif=exif)
    picture.save(tmp_path / "b.jpg", exif=exif)
    images = open_images(tmp_path)
    html = page(images, cs.check(images))
    import base64

    data = [base64.b64decode(one) for one in re.findall(r"base64,([^\"]+)", html)]
    assert len(data) == 2
    assert not any(b"secret" in one or b"Exif" in one for one in data)
    assert np.asarray(picture).shape == (96, 96, 3)
