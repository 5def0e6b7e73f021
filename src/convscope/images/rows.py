"""One table as it is read from a file: columns by name, found by what people call them."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from convscope.errors import BadImages
from convscope.images.placing import SPLITS

TEXT, PARQUET = (".csv", ".tsv"), ".parquet"
LARGEST_TEXT = 1_000_000_000  # bytes
# what a column is called, case, spaces, dashes and underscores apart; the first that is there is taken
COLUMNS = {
    "path": (
        "path",
        "file",
        "filename",
        "filepath",
        "imagepath",
        "imagefile",
        "image",
        "img",
        "name",
        "imageid",
        "id",
    ),
    "pixels": ("image", "img", "bytes", "png", "jpg", "jpeg", "webp"),
    "label": ("label", "class", "classname", "category", "target", "species", "breed", "fine_label", "y"),
    "split": ("split", "set", "subset", "partition", "usage"),
    "group": ("group", "groupid", "subject", "patient", "person", "scene", "source"),
}


@dataclass(frozen=True)
class Rows:
    """One table as it was read: every column by its name, of equal length; the text of files it lies in."""

    path: Path
    columns: Mapping[str, Sequence[Any]]
    split: str = ""

    def texts(self, role: str) -> list[str]:
        """The texts of a role's column; empty where there is none."""
        name = self.named(role)
        return [text_of(value_of(value)) for value in self.columns[name]] if name else [""] * len(self)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def named(self, role: str) -> str | None:
        """The column of this role, or None."""
        known = {plain(name): name for name in reversed(list(self.columns))}
        return next((known[plain(name)] for name in COLUMNS[role] if plain(name) in known), None)


def read_text(path: Path) -> Rows:
    """A CSV file with commas, semicolons or tabs, whichever its first line has most of; raises BadImages."""
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise BadImages(f"the table {path} has more than {LARGEST_TEXT:,} bytes; make it Parquet.")
        text = path.read_text("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise BadImages(f"cannot read the table {path}: {error.strerror or error}.") from error
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = list(reader)
        names = [name.strip() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise BadImages(f"{path} is no table: {error}. Save it as CSV with one header line.") from error
    return Rows(
        path,
        {
            name: [text_of(row.get(key)) for row in rows]
            for name, key in zip(names, reader.fieldnames or (), strict=True)
        },
    )


def read_parquet(path: Path) -> Rows:
    """A Parquet file; the split is what its name begins with, as in ``train-00-of-01``. Raises BadImages."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError as error:
        raise BadImages(f"{path.name} is Parquet, which needs pyarrow: pip install pyarrow.") from error
    try:
        table = parquet.read_table(path)
    except Exception as error:  # pyarrow's errors have no common ancestor of their own
        raise BadImages(f"cannot read the table {path}: {' '.join(str(error).split())}.") from error
    columns = dict(zip(table.column_names, table.columns, strict=True))
    split = SPLITS.get(path.stem.split("-")[0].casefold(), "")
    return Rows(path, columns, split)


def value_of(cell: Any) -> Any:
    return cell.as_py() if hasattr(cell, "as_py") else cell


def text_of(value: Any) -> str:
    return "" if value is None else str(value).strip()


def plain(name: str) -> str:
    return name.casefold().translate(str.maketrans("", "", " -_."))
