"""Folders as people have them, made here with Pillow: layouts, dirt, links, names."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from convscope.errors import BadImages
from convscope.images import open_images
from convscope.images.listing import list_folder
from convscope.images.verify import look_at


def photo(path: Path, value: int = 0, size: tuple[int, int] = (6, 4)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 0)).save(path, "PNG")
    return path


def cut_photo(path: Path) -> None:
    path.write_bytes(photo(path, size=(60, 60)).read_bytes()[:-30])


def reasons(images) -> dict[str, str]:
    return {problem.path: problem.reason for problem in images.problems}


def test_class_folders_give_names_in_natural_order(tmp_path):
    for name in ("class10", "class2", "Class1"):
        photo(tmp_path / name / "a.png")

    images = open_images(tmp_path)

    assert images.classes == ("Class1", "class2", "class10")
    assert images.ids == ("Class1/a.png", "class2/a.png", "class10/a.png")
    assert images.labels.tolist() == [0, 1, 2]
    assert set(images.splits) == {""}


@pytest.mark.parametrize("val", ["val", "valid", "Validation", "VAL"])
def test_train_and_val_folders_are_splits_with_labels_by_name(tmp_path, val):
    for path in ("Train/bee/1.png", "Train/cat/1.png", f"{val}/cat/1.png", "test/bee/1.png"):
        photo(tmp_path / path)

    images = open_images(tmp_path)

    assert images.classes == ("bee", "cat")
    assert dict(zip(images.ids, images.splits, strict=True))[f"{val}/cat/1.png"] == "val"
    assert [images.classes[label] for label in images.split("val").labels] == ["cat"]
    assert any(note == "Classes in train that val does not have: 'bee'." for note in images.notes)


def test_a_class_called_train_is_a_class(tmp_path):
    for name in ("train", "bus"):
        photo(tmp_path / name / "1.png")

    assert open_images(tmp_path).classes == ("bus", "train")


def test_classes_that_only_val_has_are_said(tmp_path):
    for path in ("train/a/1.png", "val/b/1.png", "val/a/1.png"):
        photo(tmp_path / path)

    images = open_images(tmp_path)

    assert images.classes == ("a", "b")
    assert "Classes in val that train does not have: 'b'." in images.notes


def test_files_below_a_class_folder_belong_to_the_class(tmp_path):
    photo(tmp_path / "pizza" / "nested" / "deeper" / "slice.png")
    photo(tmp_path / "beer" / "1.png")

    images = open_images(tmp_path)

    assert images.classes[images.labels[images.ids.index("pizza/nested/deeper/slice.png")]] == "pizza"


def test_a_flat_folder_has_no_labels(tmp_path):
    photo(tmp_path / "2.png"), photo(tmp_path / "10.png")

    images = open_images(tmp_path)

    assert images.ids == ("2.png", "10.png")
    assert images.classes == ()
    assert images.labels.tolist() == [-1, -1]


def test_dirt_is_listed_or_passed_over_and_the_rest_is_used(tmp_path):
    photo(tmp_path / "a" / "good.png")
    photo(tmp_path / "a" / "no_extension")
    photo(tmp_path / "a" / "really_a_png.JPEG")
    photo(tmp_path / "a" / "with space & ümlaut 漢字.png")
    photo(tmp_path / "b" / "good.png")
    photo(tmp_path / "loose.png")
    cut_photo(tmp_path / "a" / "cut.png")
    (tmp_path / "a" / "text.jpg").write_text("<html>not found</html>")
    (tmp_path / "a" / "empty.jpg").touch()
    (tmp_path / "a" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (tmp_path / "a" / "notes.txt").write_text("BMW")
    (tmp_path / "a" / "Thumbs.db").touch()
    photo(tmp_path / ".ipynb_checkpoints" / "a.png")
    photo(tmp_path / "__MACOSX" / "a" / "._good.png")
    (tmp_path / "nothing here").mkdir()

    images = open_images(tmp_path)

    assert images.classes == ("a", "b")
    assert set(images.ids) == {
        "a/good.png",
        "a/no_extension",
        "a/really_a_png.JPEG",
        "a/with space & ümlaut 漢字.png",
        "b/good.png",
    }
    assert set(reasons(images)) == {"a/cut.png", "a/text.jpg", "a/empty.jpg", "a/phone.heic", "loose.png"}
    assert reasons(images)["a/cut.png"].startswith("damaged (")
    assert reasons(images)["a/phone.heic"].startswith("not an image in a format that can be read")
    assert reasons(images)["loose.png"] == "lies beside the class folders, so it has no class"
    assert images.notes[:3] == (
        "Ignored hidden or system entries: 3 (.ipynb_checkpoints, __MACOSX, a/Thumbs.db).",
        "Ignored files that are not images: 1 (a/notes.txt).",
        "Class folders without a readable image: 'nothing here'.",
    )


def test_conversions_are_counted(tmp_path):
    Image.new("P", (3, 3)).save(tmp_path / "palette.png")
    photo(tmp_path / "plain.png")

    assert "Palette colours made RGB: 1 of 2 images." in open_images(tmp_path).notes


def test_grey_and_colour_keep_their_channels_and_size_is_known(tmp_path):
    Image.new("L", (3, 5)).save(tmp_path / "1.png")
    photo(tmp_path / "2.png", size=(6, 4))

    images = open_images(tmp_path)

    assert [images[i].shape for i in range(2)] == [(5, 3, 1), (4, 6, 3)]
    assert [images.size(i) for i in range(2)] == [(5, 3), (4, 6)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_links_out_loops_and_pipes_are_problems_and_never_read(tmp_path):
    outside = photo(tmp_path / "outside" / "secret.png")
    root = tmp_path / "photos"
    photo(root / "a" / "1.png")
    (root / "a" / "out.png").symlink_to(outside)
    (root / "a" / "inside.png").symlink_to(root / "a" / "1.png")
    (root / "a" / "gone.png").symlink_to(root / "a" / "nothing.png")
    (root / "a" / "self.png").symlink_to(root / "a" / "self.png")
    (root / "a" / "up").symlink_to(root)
    (root / "b").symlink_to(outside.parent)
    os.mkfifo(root / "a" / "pipe.png")

    images = open_images(root)

    assert set(images.ids) == {"a/1.png", "a/inside.png"}
    assert reasons(images) == {
        "a/out.png": "a link that leads out of the folder",
        "a/gone.png": "a link that leads nowhere",
        "a/self.png": "a link that leads nowhere",
        "a/up": "a link to a folder, which is read where it lies",
        "b": "a link that leads out of the folder",
        "a/pipe.png": "not a regular file",
    }


def test_names_that_differ_only_in_case_or_encoding_are_said(tmp_path):
    for name in ("Cat", "cat ", "e\u0301t\u00e9", "\u00e9t\u00e9", "dog"):
        photo(tmp_path / name / "1.png")

    images = open_images(tmp_path)

    alike = [note for note in images.notes if note.startswith("Class names that differ only in case")]
    assert len(images.classes) == 5
    assert len(alike) == 2
    assert not any("dog" in note for note in alike)


def test_the_folder_is_only_read(tmp_path):
    photo(tmp_path / "a" / "1.png"), cut_photo(tmp_path / "a" / "2.png")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    images = open_images(tmp_path)
    _ = images[0], images.digest

    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_file_that_is_damaged_later_is_named(tmp_path):
    photo(tmp_path / "a.png", size=(60, 60))
    images = open_images(tmp_path)
    (tmp_path / "a.png").write_bytes(b"gone")

    with pytest.raises(BadImages, match=r"cannot read .*a\.png: not an image"):
        images[0]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (
            lambda root: None,
            "the folder .* is empty; give one with images, to train with a folder of them per class",
        ),
        (
            lambda root: (root / "a.txt").touch(),
            "no image in .*: 1 other entries; give a folder of image files",
        ),
        (
            lambda root: (root / "a.jpg").touch(),
            r"no readable image in .*: 1 files failed, the first is a\.jpg: an empty",
        ),
        (lambda root: root.rmdir(), "there is no folder or image file '.*photos' in .*; check the spelling"),
    ],
)
def test_a_folder_without_an_image_is_an_error(tmp_path, prepare, message):
    root = tmp_path / "photos"
    root.mkdir()
    prepare(root)

    with pytest.raises(BadImages, match=message):
        open_images(root)


def test_the_digest_follows_the_content_and_the_names(tmp_path):
    first = photo(tmp_path / "a" / "1.png", value=1)
    photo(tmp_path / "a" / "2.png", value=2)
    before = open_images(tmp_path)

    assert open_images(tmp_path).digest == before.digest == before.subset([1, 0]).digest
    photo(first, value=3)
    changed = open_images(tmp_path).digest
    first.rename(tmp_path / "a" / "3.png")
    assert len({before.digest, changed, open_images(tmp_path).digest}) == 3


def test_above_a_limit_only_headers_are_checked(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope.images.verify.DECODE_UP_TO", 1)
    paths = [photo(tmp_path / "1.png", size=(7, 5)), tmp_path / "2.png", tmp_path / "3.png"]
    cut_photo(paths[1])
    paths[2].write_text("text")

    files = look_at(paths)

    assert files.readable == (0, 1)
    assert files.measure(0) == (5, 7)
    assert files.notes() == (
        "Only the headers of 3 files were checked; pixels are checked in sets of up to 1.",
    )


NAMES = st.sampled_from(["a", "b", "train", "val", ".git", "x.jpg", "y.png", "notes.txt", "Thumbs.db"])
KINDS = st.sampled_from(["image", "text", "empty", "cut"])


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), KINDS, max_size=8))
def test_every_file_is_accepted_refused_or_passed_over(tmp_path_factory, entries):
    root = tmp_path_factory.mktemp("photos")
    for name, kind in entries.items():
        path = root / name
        if path.exists() or any(parent.is_file() for parent in path.parents):
            continue
        photo(path, size=(60, 60))
        if kind != "image":
            path.write_bytes({"text": b"text", "empty": b"", "cut": path.read_bytes()[:-30]}[kind])
    listing = list_folder(root)
    hidden = [path for path in root.rglob("*") if path.relative_to(root).as_posix() in listing.hidden]
    inside = {path for top in hidden if top.is_dir() for path in top.rglob("*")}
    found = {path for path in root.rglob("*") if path not in inside and (path.is_file() or path in hidden)}

    try:
        images = open_images(root)
        used, refused = len(images), len(images.problems)
    except BadImages:
        used, refused = 0, len(listing.candidates) + len(listing.problems)

    assert used + refused + len(listing.hidden) + len(listing.others) == len(found)
    assert all(images[i].shape == (60, 60, 3) for i in range(used))
