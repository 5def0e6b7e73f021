"""Pictures named in every way, answers written in every form, in the order they were named."""

import csv
import io
import json
import shutil
import sys
from types import SimpleNamespace

import pytest

from convscope.model.store import save_model
from convscope.nets.open import open_model

from .conftest import convscope, refused


@pytest.fixture(scope="module")
def pair(run, tmp_path_factory):
    """The trained run, and a network with random weights that knows the same classes in another order."""
    other = open_model("4c3 p2", input_size=32, classes=["stripes", "square", "disc"], seed=1)
    return run, save_model(other, tmp_path_factory.mktemp("other") / "model")


def names_of(answer):
    return [row["image"] for row in json.loads(answer.out)]


def test_answers_come_in_the_order_named(run, photos):
    first, folder, last = photos / "square" / "03.png", photos / "disc", photos / "stripes" / "00.png"
    answer = convscope("predict", run, last, first, folder, first, "--json")
    names = names_of(answer)
    assert names[:2] == [str(last), str(first)]
    assert names[2:-1] == [f"{number:02d}.png" for number in range(16)]
    assert names[-1] == str(first)


def test_what_cannot_be_read_never_stops_the_rest(run, photos, tmp_path):
    (tmp_path / "bad.png").write_text("no picture")
    good = [photos / "disc" / "00.png", photos / "disc" / "01.png"]
    answer = convscope("predict", run, tmp_path / "no.png", good[0], tmp_path / "bad.png", tmp_path / "none/", good[1], "--json")  # fmt: skip
    assert answer.code == 1
    assert names_of(answer) == [str(path) for path in good]
    skipped = [line.split(": ")[1:3] for line in answer.err.splitlines()]
    assert [name.removeprefix("skipped ") for name, _ in skipped] == [
        str(tmp_path / name) for name in ("no.png", "bad.png", "none")
    ]


def pipe(monkeypatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_a_picture_is_piped_in(run, photos, monkeypatch):
    path = photos / "disc" / "05.png"
    pipe(monkeypatch, path.read_bytes())
    piped = json.loads(convscope("predict", run, "-", "--json").out)[0]
    direct = json.loads(convscope("predict", run, path, "--json").out)[0]
    assert piped == direct | {"image": "-"}


def test_paths_are_listed_one_a_line(run, photos, monkeypatch, tmp_path):
    paths = [str(photos / "square" / "07.png"), str(photos / "disc" / "02.png")]
    pipe(monkeypatch, "\n".join([*paths, "", ""]).encode())
    assert names_of(convscope("predict", run, "--from-list", "-", "--json")) == paths
    (tmp_path / "list.txt").write_text("\r\n".join(paths))
    answer = convscope("predict", run, "--from-list", tmp_path / "list.txt", "--format", "jsonl")
    assert [json.loads(line)["image"] for line in answer.out.splitlines()] == paths


def test_every_form_says_the_same(run, photos, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    said = {}
    for form in ("csv", "json", "jsonl", "parquet"):
        out = tmp_path / f"answers.{form}"
        assert convscope("predict", run, photos / "disc", "--top", "2", "--out", out).out == ""
        said[form] = out
    rows = json.loads(said["json"].read_text())
    assert [json.loads(line) for line in said["jsonl"].read_text().splitlines()] == rows
    assert parquet.read_table(said["parquet"]).to_pylist() == rows
    table = list(csv.DictReader(said["csv"].read_text().splitlines()))
    assert [(line["image"], line["class"]) for line in table] == [
        (row["image"], best["class"]) for row in rows for best in row["top"]
    ]
    assert [row["class"] for row in rows] == [row["top"][0]["class"] for row in rows]


def test_unsure_answers_are_withheld_and_counted(run, photos):
    rows = json.loads(convscope("predict", run, photos, "--json").out)
    below = sorted(row["probability"] for row in rows)[10]
    answer = convscope("predict", run, photos, "--json", "--abstain", f"{below:.17f}")
    withheld = [row for row in json.loads(answer.out) if row["abstained"]]
    assert (len(withheld), {row["class"] for row in withheld}) == (10, {""})
    assert f"10 of 48 answers withheld, below {below:.0%}" in answer.err
    lines = convscope("predict", run, photos, "--format", "csv", "--abstain", "1.0").out.splitlines()
    assert len(lines) == 49  # one line each, without a class
    assert all(line.split(",")[2] == "" for line in lines[1:])


@pytest.mark.parametrize("how", ["commas", "flags"])
def test_networks_answer_together(pair, photos, how):
    one, other = pair
    path = photos / "disc" / "00.png"
    asked = (f"{one},{other}", path) if how == "commas" else ("--model", one, "--model", other, path)
    found = json.loads(convscope("predict", *asked, "--json", "--combine", "mean").out)[0]
    singly = [json.loads(convscope("predict", place, path, "--json").out)[0]["top"] for place in pair]
    shares = [{best["class"]: best["probability"] for best in answer} for answer in singly]
    expected = {name: (shares[0][name] + shares[1][name]) / 2 for name in shares[0]}
    assert {best["class"]: best["probability"] for best in found["top"]} == pytest.approx(expected, abs=1e-6)
    assert "agree)" in convscope("predict", *asked, "--combine", "vote").out


def test_what_was_asked_wrongly_is_said(run, photos, tmp_path, here):
    path = photos / "disc" / "00.png"
    (tmp_path / "empty.txt").write_text("\n")
    assert "unknown option --tpo" in refused("predict", run, path, "--tpo", "3")
    assert "Parquet is no text: name its file" in refused("predict", run, path, "--format", "parquet")
    assert "both a picture and a list" in refused("predict", run, "-", "--from-list", "-")
    assert "is empty: write one path a line" in refused("predict", run, "--from-list", tmp_path / "empty.txt")
    assert "cannot read the list nowhere: No such file" in refused("predict", run, "--from-list", "nowhere")


def test_a_name_with_a_line_break_is_one_cell(run, photos, here):
    shutil.copy(photos / "disc" / "00.png", here / "a\nb.png")
    text = convscope("predict", run, "a\nb.png", "--format", "csv", "--top", 1).out
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["image"] == "a\nb.png"
