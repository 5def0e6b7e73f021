"""Zips: read where they lie, folders mean what they mean on the disk, hostile entries are refused."""

import struct
import zipfile
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.errors import BadImages
from convscope.images import open_images


def picture(value: int = 0, kind: str = "PNG") -> bytes:
    file = BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 0)).save(file, kind)
    return file.getvalue()


def packed(place: Path, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(place / "photos.zip", "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return place / "photos.zip"


def layout(top: str = "") -> dict[str, bytes]:
    names = (
        "train/cat2/1.png",
        "train/cat10/1.png",
        "val/cat2/2.png",
        "val/cat10/notes.txt",
        "__MACOSX/._1.png",
    )
    return {
        f"{top}{name}": b"text" if name.endswith(".txt") else picture(row) for row, name in enumerate(names)
    }


@pytest.mark.parametrize("top", ["", "my photos/"])
def test_a_zip_is_what_its_folder_is(tmp_path, top):
    files = layout(top)
    for name, data in files.items():
        path = tmp_path / "photos" / name.removeprefix(top)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    zipped, folder = open_images(packed(tmp_path, files)), open_images(tmp_path / "photos")
    assert (zipped.ids, zipped.classes, zipped.splits) == (folder.ids, folder.classes, folder.splits)
    assert zipped.classes == ("cat2", "cat10")
    assert zipped.labels.tolist() == folder.labels.tolist()
    assert all(np.array_equal(one, two) for one, two in zip(zipped, folder, strict=True))
    assert zipped.digest == folder.digest
    assert not list(tmp_path.glob("photos/*.zip"))


def test_hostile_entries_are_refused_one_by_one(tmp_path):
    files = {"cat/1.png": picture(1), "dog/2.png": picture(2)}
    hostile = {
        "../up.png": "a name that leads out", "/root.png": "a name that leads out", "cat/../../x.png": "a name that leads out",
        "C:/x.png": "a name that leads out", "cat/bomb.png": "unpacks to", "cat/text.png": "not an image",
    }  # fmt: skip
    bomb = b"\0" * 5_000_000
    path = packed(
        tmp_path,
        files | {name: bomb if "bomb" in name else b"text" for name in hostile},
        zipfile.ZIP_DEFLATED,
    )
    images = open_images(path)
    assert images.ids == ("cat/1.png", "dog/2.png")
    told = {one.path: one.reason for one in images.problems}
    assert set(told) == set(hostile)
    assert all(reason.startswith(hostile[name]) for name, reason in told.items())
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["photos.zip"]


def test_links_and_encrypted_entries_are_refused(tmp_path):
    link = zipfile.ZipInfo("cat/link.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("cat/1.png", picture())
        archive.writestr(link, "/etc/hostname")
        archive.writestr("cat/locked.png", picture())
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag that says encrypted
        at = data.rindex(mark) + place
        data[at : at + 2] = struct.pack("<H", 1)
    (tmp_path / "a.zip").write_bytes(bytes(data))
    told = {one.path: one.reason for one in open_images(tmp_path / "a.zip").problems}
    assert told == {"cat/link.png": "a link", "cat/locked.png": "encrypted"}


def test_damage_inside_is_a_problem_of_one_file(tmp_path):
    path = packed(tmp_path, {"cat/1.png": picture(1), "cat/2.png": picture(200)})
    data = bytearray(path.read_bytes())
    data[data.rindex(b"IDAT") + 6] ^= 255
    path.write_bytes(bytes(data))
    images = open_images(path)
    assert images.ids == ("cat/1.png",)
    assert images.problems[0].reason.startswith("damaged in the zip (Bad CRC-32")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"nonsense", "is no intact zip .*; pack it again"),
        (None, r"there is no zip .*photos\.zip'; check the spelling"),
    ],
)
def test_a_zip_that_cannot_be_opened(tmp_path, data, message):
    if data is not None:
        (tmp_path / "photos.zip").write_bytes(data)
    with pytest.raises(BadImages, match=message):
        open_images(tmp_path / "photos.zip")


def test_a_zip_without_images(tmp_path):
    with pytest.raises(BadImages, match=r"no readable image in .*photos\.zip; zip a folder of class folders"):
        open_images(packed(tmp_path, {"notes.txt": b"text"}))


def test_processes_read_side_by_side(tmp_path):
    """Given workers that were started after the zip was opened, each reads its own pictures."""
    images = open_images(packed(tmp_path, {f"cat/{row:03d}.png": picture(row) for row in range(60)}))
    assert images[0][0, 0, 0] == 0
    with get_context("spawn").Pool(2) as pool:
        # a function of this file could not be found by a process that does not know the tests
        pictures = pool.map_async(images.__getitem__, range(60), 5).get(timeout=120)
    assert [picture[0, 0, 0] for picture in pictures] == list(range(60))
