"""Tables of images: lenient headers that are stated, paths beside the table, faults by line."""

import csv
import sys
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from convscope.errors import BadImages
from convscope.images import open_images


def picture(value: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (6, 4), (value, 0, 0)).save(file, "PNG")
    return file.getvalue()


def write(place: Path, rows: list[list[str]], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    (place / "pics").mkdir(exist_ok=True)
    for number in range(6):
        (place / f"pics/{number}.png").write_bytes(picture(number))
    with (place / "table.csv").open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return place / "table.csv"


ROWS = [
    ["pics/0.png", "class10", "train", "ann"],
    ["pics/1.png", "class2", "valid", "bob"],
    ["pics/2.png", "", "", ""],
]


@pytest.mark.parametrize(
    ("header", "delimiter", "encoding"),
    [
        (["path", "label", "split", "group"], ",", "utf-8"),
        (["File Name", "Class", "Set", "Subject"], ";", "utf-8-sig"),
        (["image_path", "CATEGORY", "subset", "patient"], "\t", "utf-8"),
    ],
)
def test_columns_are_found_by_their_usual_names_and_stated(tmp_path, header, delimiter, encoding):
    images = open_images(write(tmp_path, [header, *ROWS], delimiter, encoding))
    assert images.ids == ("pics/0.png", "pics/1.png", "pics/2.png")
    assert images.classes == ("class2", "class10")
    assert images.labels.tolist() == [1, 0, -1]
    assert images.splits == ("train", "val", "")
    assert images.groups == ("ann", "bob", "pics/2.png")
    assert [image[0, 0, 0] for image in images] == [0, 1, 2]
    assert f"path from {header[0]!r}, label from {header[1]!r}" in images.notes[0]


def test_columns_that_are_not_used_are_said(tmp_path):
    images = open_images(write(tmp_path, [["path", "kind", "note"], ["pics/0.png", "plain", "x"]]))
    assert images.notes[0] == "Columns of the table: path from 'path'; not used: kind, note."
    assert images.classes == ()


def test_missing_files_are_problems_not_errors(tmp_path):
    images = open_images(write(tmp_path, [["path"], ["pics/0.png"], ["pics/none.png"]]))
    assert images.ids == ("pics/0.png",)
    assert [(one.path, one.reason) for one in images.problems] == [
        ("pics/none.png", "cannot be opened: No such file or directory")
    ]


def test_one_file_in_two_rows_keeps_both(tmp_path):
    images = open_images(write(tmp_path, [["path", "label"], ["pics/0.png", "a"], ["pics/0.png", "b"]]))
    assert images.ids == ("pics/0.png", "pics/0.png#2")
    assert images.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["picture", "label"], ["a.png", "x"]], r"has no column of paths: call it path. Its columns are picture, label"),
        ([["path"]], "has no rows"),
        ([["path", "split"], ["pics/0.png", "fold3"]], "line 2: split is 'fold3'; write train, val, test or nothing"),
        ([["path", "label"], ["pics/0.png", "a"], ["", "b"]], "line 3: the column 'path' is empty"),
        ([["path"], ["none.png"]], "no readable image in table.csv: 1 rows failed, the first is none.png: cannot be opened"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used(tmp_path, rows, message):
    with pytest.raises(BadImages, match=message):
        open_images(write(tmp_path, rows))


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(BadImages, match=r"there is no table .*none\.csv"):
        open_images(tmp_path / "none.csv")


def test_parquet_without_pyarrow_names_the_command(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for source in (tmp_path, tmp_path / "a.parquet"):
        with pytest.raises(
            BadImages, match=r"a.parquet is Parquet, which needs pyarrow: pip install pyarrow"
        ):
            open_images(source)


class Scalar:
    """What a column of pyarrow gives for one row."""

    def __init__(self, value: object):
        self.value = value

    def as_py(self) -> object:
        return self.value


class Table:
    """What pyarrow.parquet.read_table gives, as far as it is used."""

    def __init__(self, columns: dict[str, list[object]]):
        self.column_names = list(columns)
        self.columns = [[Scalar(value) for value in column] for column in columns.values()]


@pytest.mark.parametrize("wrapped", [False, True])
def test_parquet_with_the_bytes_of_the_files(tmp_path, monkeypatch, wrapped):
    """Given files as CIFAR-10 and Hugging Face have them, labels get their words and files their split."""
    columns = {
        "image": [{"bytes": picture(v), "path": "x"} if wrapped else picture(v) for v in (3, 4)],
        "label": [1, 0],
        "class": ["dog", "cat"],
    }
    fake = ModuleType("pyarrow.parquet")
    fake.read_table = lambda path: Table(columns)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyarrow", ModuleType("pyarrow"))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", fake)
    for name in ("train-00-of-01", "test-00-of-01"):
        (tmp_path / f"{name}.parquet").write_bytes(b"PAR1")
    images = open_images(tmp_path)
    assert (len(images), images.classes, images.labels.tolist()) == (4, ("cat", "dog"), [1, 0, 1, 0])
    assert images.splits == ("test", "test", "train", "train")
    assert [image[0, 0, 0] for image in images] == [3, 4, 3, 4]
    assert images.ids[0] == "test-00-of-01/00000"


def test_real_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.table({"image": [picture(5), picture(6)], "label": [0, 1], "class": ["cat", "dog"]})
    parquet.write_table(table, tmp_path / "train.parquet")
    images = open_images(tmp_path / "train.parquet")
    assert (images.classes, images.splits) == (("cat", "dog"), ("train", "train"))
    assert [image[0, 0, 0] for image in images] == [5, 6]
    assert np.array_equal(images[0], open_images(tmp_path)[0])
