"""A table of images, CSV or Parquet: paths or the files' bytes, with label, split and group."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.memory import stamp
from convscope.images.placing import SPLITS
from convscope.images.source import Images, natural, numbered
from convscope.images.verify import Files, Stored, look_at

TEXT, PARQUET = (".csv", ".tsv"), ".parquet"
LARGEST_TEXT = 1_000_000_000  # bytes
# what a column is called, case, spaces, dashes and underscores apart; the first that is there is taken
COLUMNS = {
    "path": ("path", "file", "filename", "filepath", "imagepath", "imagefile", "image", "img", "name"),
    "pixels": ("image", "img", "bytes", "png", "jpg", "jpeg", "webp"),
    "label": ("label", "class", "classname", "category", "target", "species", "fine_label", "y"),
    "split": ("split", "set", "subset", "partition", "usage"),
    "group": ("group", "groupid", "subject", "patient", "person", "scene", "source"),
}


@dataclass(frozen=True)
class Cell:
    """The bytes of one image in a table, with the path it had."""

    table: Path
    row: int
    column: Any  # of pyarrow; sliced without copying the others

    def __str__(self) -> str:
        return f"{self.table}, row {self.row + 1}"

    @property
    def stamp(self) -> str:
        return (mark := stamp(self.table)) and f"{mark}:{self.row}"

    def read_bytes(self) -> bytes:
        """The image file of this row; raises BadImages with the reason alone."""
        value = self.column[self.row].as_py()
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise BadImages("no bytes in this row of the table")
        return data


@dataclass(frozen=True)
class Rows:
    """One table as it was read: every column by its name, of equal length; the text of files it lies in."""

    path: Path
    columns: Mapping[str, Sequence[Any]]
    split: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def named(self, role: str) -> str | None:
        """The column of this role, or None."""
        plain = {_plain(name): name for name in reversed(list(self.columns))}
        return next((plain[_plain(name)] for name in COLUMNS[role] if _plain(name) in plain), None)


def accepts(source: Any) -> bool:
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    return path.suffix.casefold() in (*TEXT, PARQUET) or bool(_parquet_files(path))


def open_source(source: str | Path) -> Images:
    """Images of a CSV file, a Parquet file or a folder of Parquet files.

    Columns are found by their usual names (``COLUMNS``), which ``notes`` state. Paths are relative to the
    table; Parquet may hold the bytes of the image files instead, and needs pyarrow. Raises BadImages.
    """
    path = Path(source)
    if not path.exists():
        raise BadImages(f"there is no table {str(path)!r} in {Path.cwd()}; check the spelling.")
    paths = _parquet_files(path) or [path]
    tables = [_read_parquet(one) if one.suffix.casefold() == PARQUET else _read_text(one) for one in paths]
    ids, stored = zip(*(_stored(table) for table in tables), strict=True)
    files = look_at([one for part in stored for one in part], place=str(path.resolve()))
    return _images(path.name, tables, _unique([name for part in ids for name in part]), files)


def _images(name: str, tables: Sequence[Rows], ids: list[str], files: Files) -> Images:
    labels, classes = _labels(tables)
    splits = [split for table in tables for split in _splits(table)]
    groups = [group for table in tables for group in _texts(table, "group")]
    used = files.readable
    if not used:
        first = files.problems(ids)[0]
        raise BadImages(
            f"no readable image in {name}: {len(ids)} rows failed, the first is {first.path}: {first.reason}."
        )
    return Images(
        name=name,
        ids=tuple(ids[row] for row in used),
        labels=labels[list(used)],
        classes=classes,
        splits=tuple(splits[row] for row in used),
        groups=tuple(groups[row] or ids[row] for row in used) if any(groups) else None,
        problems=files.problems(ids),
        notes=(*_notes(tables[0]), *files.notes()),
        rows=used,
        read=files.read,
        measure=files.measure,
        evidence=files.evidence,
        seen=files.glance,
    )


def _parquet_files(path: Path) -> list[Path]:
    """The Parquet files of a folder in natural order, where it holds any."""
    return sorted(path.glob(f"*{PARQUET}"), key=lambda one: natural(one.name)) if path.is_dir() else []


def _read_text(path: Path) -> Rows:
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
            name: [_text(row.get(key)) for row in rows]
            for name, key in zip(names, reader.fieldnames or (), strict=True)
        },
    )


def _read_parquet(path: Path) -> Rows:
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


def _stored(table: Rows) -> tuple[Sequence[str], list[Stored]]:
    """Ids and where the image files are: bytes in the table, or paths relative to it."""
    if not len(table):
        raise BadImages(f"the table {table.path} has no rows.")
    pixels = table.named("pixels")
    if (
        table.path.suffix.casefold() == PARQUET
        and pixels
        and not isinstance(_value(table.columns[pixels][0]), str)
    ):
        cells: list[Stored] = [Cell(table.path, row, table.columns[pixels]) for row in range(len(table))]
        return numbered(len(table), f"{table.path.stem}/"), cells
    name = table.named("path")
    if name is None:
        raise BadImages(
            f"{table.path} has no column of paths: call it path. Its columns are {', '.join(table.columns)}."
        )
    paths = [_text(_value(value)) for value in table.columns[name]]
    empty = next((row for row, path in enumerate(paths, 2) if not path), None)
    if empty:
        raise BadImages(
            f"{table.path}, line {empty}: the column {name!r} is empty; fill it in or delete the line."
        )
    return paths, [table.path.parent / path for path in paths]


def _labels(tables: Sequence[Rows]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers and names of the classes; names by number where the tables have a column for each."""
    texts = [text for table in tables for text in _texts(table, "label")]
    names = sorted({text for text in texts if text}, key=natural)
    number = {name: label for label, name in enumerate(names)} | {"": -1}
    labels = np.array([number[text] for text in texts], dtype=np.int64)
    return labels, tuple(_spoken(tables, names))


def _spoken(tables: Sequence[Rows], names: list[str]) -> list[str]:
    """The words of a second label column, where the first has numbers and each has one word."""
    if not names or not all(name.isdigit() for name in names):
        return names
    first = tables[0].named("label")
    others = [
        name for name in tables[0].columns if name != first and _plain(name) in map(_plain, COLUMNS["label"])
    ]
    for other in others:
        pairs = {
            (a, _text(_value(b)))
            for table in tables
            for a, b in zip(_texts(table, "label"), table.columns[other], strict=True)
        }
        words = dict(pairs)
        if len(pairs) == len(words) == len(set(words.values())) and all(words.values()):
            return [words[name] for name in names]
    return names


def _splits(table: Rows) -> Iterator[str]:
    name = table.named("split")
    for line, text in enumerate(_texts(table, "split"), 2):
        if text and text.casefold() not in SPLITS:
            raise BadImages(
                f"{table.path}, line {line}: {name} is {text!r}; write train, val, test or nothing."
            )
        yield SPLITS.get(text.casefold(), table.split)


def _texts(table: Rows, role: str) -> list[str]:
    """The texts of a role's column; empty where there is none."""
    name = table.named(role)
    return [_text(_value(value)) for value in table.columns[name]] if name else [""] * len(table)


def _notes(table: Rows) -> Iterator[str]:
    roles = {role: name for role in ("path", "label", "split", "group") if (name := table.named(role))}
    unused = [name for name in table.columns if name not in roles.values() and name != table.named("pixels")]
    said = ", ".join(f"{role} from {name!r}" for role, name in roles.items())
    yield f"Columns of the table: {said or 'none by a known name'}" + (
        f"; not used: {', '.join(unused)}." if unused else "."
    )


def _unique(ids: list[str]) -> list[str]:
    """The same ids, numbered from their second appearance on."""
    times: Counter[str] = Counter()
    unique = []
    for name in ids:
        times[name] += 1
        unique.append(name if times[name] == 1 else f"{name}#{times[name]}")
    return unique


def _value(cell: Any) -> Any:
    return cell.as_py() if hasattr(cell, "as_py") else cell


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _plain(name: str) -> str:
    return name.casefold().translate(str.maketrans("", "", " -_."))
