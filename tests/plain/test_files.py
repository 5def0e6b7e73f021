import json
import os

import pytest

from convscope.errors import BadOutput
from convscope.plain.files import write_bytes, write_json, write_text


def test_a_file_is_written_and_its_folders_made(tmp_path):
    write_bytes(tmp_path / "a" / "b" / "c.bin", b"\x00new")
    assert (tmp_path / "a" / "b" / "c.bin").read_bytes() == b"\x00new"


@pytest.mark.parametrize("call", ["replace", "fsync"])
def test_when_writing_fails_the_old_file_survives_and_nothing_is_left(tmp_path, monkeypatch, call):
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*{"replace": ("pathlib.Path.replace", full), "fsync": (os, "fsync", full)}[call])
    with pytest.raises(
        BadOutput, match=r"cannot write .*report.json: No space left on device. Choose another place"
    ):
        write_bytes(path, b"new")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("report.json", "old")]


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(
        BadOutput,
        match=r"cannot write .*taken/x.json: a file is where its folder should be. Choose another place",
    ):
        write_bytes(tmp_path / "taken" / "x.json", b"")
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_reader_sees_old_or_new_and_never_half(tmp_path, monkeypatch):
    path = tmp_path / "atlas.json"
    write_bytes(path, b"old")
    seen = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (seen.append(path.read_bytes()), fsync(file))[1])
    write_bytes(path, b"new" * 1000)
    assert seen[0] == b"old"  # flushed before it took the name
    assert seen[-1] == b"new" * 1000


def test_text_keeps_names_that_are_no_unicode(tmp_path):
    write_text(tmp_path / "t", "na\udcffme")
    assert (tmp_path / "t").read_bytes() == b"na\xffme"


def test_json_keeps_numbers_exact_and_refuses_nan(tmp_path):
    numbers = [0.1, 1 / 3, 2**53 + 1, -0.0, "é"]
    write_json(tmp_path / "n.json", numbers)
    assert json.loads((tmp_path / "n.json").read_text("utf-8")) == numbers
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "nan.json", [float("nan")])
