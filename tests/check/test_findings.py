"""Every kind of fault, planted in a folder of drawn pictures, is found and named; clean ones are not accused."""

import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convscope as cs
from convscope.check.findings import Findings
from convscope.check.shortcut import balanced_accuracy

from .drawn import drawn

FAULTS = {
    "leak",
    "label conflict",
    "duplicate",
    "unreadable",
    "too large",
    "tiny",
    "blank",
    "shortcut",
    "class names",
}


def faults(findings: Findings) -> set[str]:
    return {one.kind.removeprefix("near ") for one in findings} & FAULTS


def put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def test_a_clean_folder_has_no_faults_and_is_not_changed(photos):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in photos.rglob("*.png")}
    found = cs.check(photos)
    assert (found.images, found.classes, faults(found)) == (24, ("cat", "dog"), set())
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in photos.rglob("*.*")} == before


def test_equal_pixels_are_an_exact_copy_whatever_the_file(photos):
    Image.open(photos / "cat/03.png").save(photos / "cat/same.bmp")
    found = cs.check(photos).of("duplicate")
    assert found.groups == (("cat/03.png", "cat/same.bmp"),)
    assert found.gravity == "warning"


def test_one_picture_under_two_labels(photos):
    put(photos / "cat/03.png", photos / "dog/copy.png")
    Image.open(photos / "dog/05.png").crop((2, 2, 94, 94)).save(photos / "cat/crop.jpg", quality=80)
    found = cs.check(photos)
    assert found.of("label conflict").groups == (("cat/03.png", "dog/copy.png"),)
    assert found.of("label conflict").gravity == "grave"
    assert found.of("near label conflict").groups == (("cat/crop.jpg", "dog/05.png"),)
    assert found.of("near label conflict").details == ("cat / dog",)


def test_copies_across_splits_are_leaks(photos):
    (photos / "dog").rename(photos / "dog2")
    for name in ("cat", "dog2"):
        for path in sorted((photos / name).iterdir()):
            put(path, photos.parent / f"split/{'val' if path.stem > '08' else 'train'}/{name}/{path.name}")
    root = photos.parent / "split"
    put(root / "train/cat/02.png", root / "val/cat/02.png")
    with Image.open(root / "val/dog2/10.png") as picture:
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(root / "train/dog2/turned.png")
    found = cs.check(root)
    assert found.of("leak").groups == (("train/cat/02.png", "val/cat/02.png"),)
    assert found.of("near leak").groups == (("train/dog2/turned.png", "val/dog2/10.png"),)
    assert found.of("near leak").details == ("train / val, mirrored",)
    assert [one.kind for one in found][:2] == ["leak", "near leak"]


def test_damaged_files_and_bombs(photos):
    (photos / "cat/text.jpg").write_text("milk")
    data = (photos / "cat/01.png").read_bytes()
    (photos / "dog/half.png").write_bytes(data[: len(data) // 2])
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1  # its checksum is wrong then
    (photos / "dog/flipped.png").write_bytes(bytes(flipped))
    header = struct.pack(">IIBBBBB", 9_000, 9_000, 1, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    (photos / "dog/bomb.png").write_bytes(data[:8] + chunk + data[33:])
    found = cs.check(photos)
    assert found.of("unreadable").images == ("cat/text.jpg", "dog/flipped.png", "dog/half.png")
    assert found.of("too large").images == ("dog/bomb.png",)
    assert "9000 x 9000 pixels; at most 50,000,000 are read" in found.of("too large").sentence


def test_odd_pictures(photos):
    Image.new("RGB", (90, 90), (20, 90, 20)).save(photos / "cat/blank.png")
    drawn(70, 8).save(photos / "cat/icon.png")
    drawn(71).resize((600, 90)).save(photos / "dog/long.png")
    drawn(72).save(photos / "dog/really.jpg", "PNG")
    drawn(73).convert("CMYK").save(photos / "dog/print.jpg")
    frames = [drawn(74).convert("P"), drawn(75).convert("P")]
    frames[0].save(photos / "dog/moving.gif", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn(76).save(photos / "dog/turned.jpg", exif=exif)
    found = cs.check(photos)
    said = {one.kind: one.images for one in found if one.kind in ("tiny", "blank", "long", "extension", "cmyk", "frames", "orientation", "palette")}  # fmt: skip
    assert said == {
        "blank": ("cat/blank.png",), "tiny": ("cat/icon.png",), "long": ("dog/long.png",),
        "extension": ("dog/really.jpg",), "cmyk": ("dog/print.jpg",), "frames": ("dog/moving.gif",),
        "palette": ("dog/moving.gif",), "orientation": ("dog/turned.jpg",),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Cat", "cat ", "CAT", "ｃａｔ", "_cat"])
def test_class_names_that_are_nearly_equal(photos, name):
    put(photos / "cat/00.png", photos / name / "x.png")
    drawn(50).save(photos / name / "x.png")
    found = cs.check(photos).of("class names")
    assert found.gravity == "grave"
    assert repr(name) in found.sentence


def test_class_names_that_differ_stay_silent(photos):
    assert cs.check(photos).of("class names") is None


def test_uneven_and_missing_classes():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 40, 40), dtype=np.uint8)
    labels = ["cat"] * 58 + ["dog"] * 4 + ["emu"] * 2
    images = cs.open_images(pixels, labels=labels)
    images = cs.open_images(images)
    from dataclasses import replace

    splits = ["train"] * 50 + ["val"] * 8 + ["train"] * 4 + ["val"] * 2
    found = cs.check(replace(images, splits=tuple(splits)))
    assert "58 images of 'cat', 2 of 'emu' (29.0 to 1)" in found.of("imbalance").sentence
    assert found.of("imbalance").gravity == "warning"
    sentences = {one.sentence: one.gravity for one in found if one.kind == "missing class"}
    assert sentences == {
        "Classes in val that train does not have: 'emu'.": "grave",
        "Classes in train that val does not have: 'dog'.": "warning",
    }
    assert "'dog', 'emu'" in found.of("few images").sentence


@pytest.mark.parametrize("way", ["size", "format", "compression", "camera"])
def test_labels_that_can_be_told_without_looking(tmp_path, way):
    """Given a property that differs between the classes in 9 of 10 pictures, it is named with its numbers."""
    for number in range(60):
        label, planted = ("cat", "dog")[number % 2], (number % 2) ^ (number % 20 > 17)
        folder = tmp_path / label
        folder.mkdir(exist_ok=True)
        exif = Image.Exif()
        exif[0x0110] = ("Box 1", "Lens 2")[planted if way == "camera" else 0]
        picture = drawn(number, 64 + 8 * planted if way == "size" else 64)
        if way == "format" and planted:
            picture.save(folder / f"{number}.png", exif=exif)
        else:
            picture.save(
                folder / f"{number}.jpg",
                quality=90 - 40 * (planted if way == "compression" else 0),
                exif=exif,
            )
    said = [one for one in cs.check(tmp_path) if one.kind == "shortcut"]
    named = {sentence.sentence.split()[1] for sentence in said}
    assert named == ({"format", "compression"} if way == "format" else {way})
    assert all(
        "names the class for 90% of the images (balanced; shuffled labels" in one.sentence for one in said
    )
    assert all(one.gravity == "grave" for one in said)


def test_sizes_that_say_nothing_are_no_shortcut(tmp_path):
    for number in range(60):
        folder = tmp_path / ("cat", "dog")[number % 2]
        folder.mkdir(exist_ok=True)
        drawn(number, 60 + number // 2 % 5).save(folder / f"{number}.png")
    assert cs.check(tmp_path).of("shortcut") is None


@pytest.mark.parametrize("seed", range(5))
def test_balanced_accuracy_is_that_of_leaving_one_out(seed):
    chance = np.random.default_rng(seed)
    codes, labels = chance.integers(0, 9, 40), chance.integers(0, 3, 40)
    points = {0: [], 1: [], 2: []}
    for row in range(40):
        others = [labels[i] for i in range(40) if i != row and codes[i] == codes[row]]
        counts = [others.count(label) for label in range(3)]
        best = [label for label in range(3) if counts[label] == max(counts)]
        points[int(labels[row])].append((labels[row] in best) / len(best))
    assert balanced_accuracy(codes, labels) == pytest.approx(np.mean([np.mean(p) for p in points.values()]))


def test_pictures_in_memory_and_in_data_sets_can_be_checked():
    pictures = [np.asarray(drawn(seed)) for seed in range(6)]
    found = cs.check([*pictures, pictures[2]])
    assert found.of("duplicate").groups == (("00002", "00006"),)
    assert found.of("unlabelled").gravity == "note"
