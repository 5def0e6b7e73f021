"""A table of images, CSV or Parquet: paths or the files' bytes, with label, split and group."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from convscope.errors import BadImages
from convscope.images.listing import READ, SYSTEM_NAMES, list_folder
from convscope.images.memory import stamp
from convscope.images.placing import SPLITS
from convscope.images.rows import (
    COLUMNS,
    PARQUET,
    TEXT,
    Rows,
    plain,
    read_parquet,
    read_text,
    text_of,
    value_of,
)
from convscope.images.source import Images, natural, numbered
from convscope.images.verify import Files, Stored, look_at

PROBED = 5  # rows of a table that are looked for; one that is found shows where all are


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


def accepts(source: Any) -> bool:
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    return path.suffix.casefold() in (*TEXT, PARQUET) or bool(_parquet_files(path) or _label_tables(path))


def open_source(source: str | Path) -> Images:
    """Images of a CSV file, a Parquet file, a folder of Parquet files, or pictures beside a CSV file of labels.

    Columns are found by their usual names (``COLUMNS``), which ``notes`` state. Paths are relative to the
    table, or to a folder beside it, and may lack their ending; Parquet may hold the bytes of the image files
    instead, and needs pyarrow. Raises BadImages.
    """
    path = Path(source)
    if not path.exists():
        raise BadImages(f"there is no table {str(path)!r} in {Path.cwd()}; check the spelling.")
    beside = _label_tables(path)
    paths = _parquet_files(path) or beside or [path]
    tables = [read_parquet(one) if one.suffix.casefold() == PARQUET else read_text(one) for one in paths]
    if path.is_dir() and len(tables) > 1:
        tables = [
            replace(table, split=SPLITS.get(table.path.stem.casefold(), table.split)) for table in tables
        ]
    ids, stored = zip(*(_stored(table) for table in tables), strict=True)
    files = look_at([one for part in stored for one in part], place=str(path.resolve()))
    images = _images(path.name, tables, _unique([name for part in ids for name in part]), files)
    unnamed = set(list_folder(path.resolve()).candidates) - set(images.ids) if beside else set()
    said = f"Pictures in the folder that no table names: {len(unnamed)}."
    return replace(images, notes=(*images.notes, said)) if unnamed else images


def _images(name: str, tables: Sequence[Rows], ids: list[str], files: Files) -> Images:
    labels, classes = _labels(tables)
    splits = [split for table in tables for split in _splits(table)]
    groups = [group for table in tables for group in table.texts("group")]
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


def _label_tables(path: Path) -> list[Path]:
    """Text tables that name and label the pictures beside them, in a folder without class folders."""
    try:
        listed = [one for one in path.iterdir() if one.suffix.casefold() in TEXT] if path.is_dir() else []
        if not listed or _has_class_folders(path):
            return []
        tables = [read_text(one) for one in sorted(listed, key=lambda one: natural(one.name))]
    except (OSError, BadImages):  # what is no table says nothing of the pictures beside it
        return []
    labelled = [one for one in tables if len(one) and one.named("path") and one.named("label")]
    found = [one.path for one in labelled if whereabouts(one.path, one.texts("path")) is not None]
    return found if len(found) == 1 or all(one.stem.casefold() in SPLITS for one in found) else []


def _has_class_folders(path: Path) -> bool:
    """Whether folders say what the pictures are: several that are no splits, or folders inside one."""
    folders = _folders(path)
    return sum(one.name.casefold() not in SPLITS for one in folders) > 1 or any(map(_folders, folders))


def _folders(path: Path) -> list[Path]:
    visible = (one for one in path.iterdir() if not one.name.startswith(".") and one.is_dir())
    return sorted(
        (one for one in visible if one.name.casefold() not in SYSTEM_NAMES), key=lambda one: natural(one.name)
    )


def whereabouts(table: Path, names: Sequence[str]) -> tuple[str, str] | None:
    """What goes before and after the names of pictures in a table, or None where none of them is found.

    A file ``train.csv`` may list the pictures of the folder ``train``, and by name without ``.jpg``.
    """
    before = ["", f"{table.stem}/", *(f"{one.name}/" for one in _folders(table.parent))]
    after = ["", *sorted(READ)]
    tried = [name for name in names if name][:PROBED]
    pairs = ((start, end) for start in before for end in after)
    return next(
        (pair for pair in pairs for name in tried if (table.parent / f"{pair[0]}{name}{pair[1]}").is_file()),
        None,
    )


def _stored(table: Rows) -> tuple[Sequence[str], list[Stored]]:
    """Ids and where the image files are: bytes in the table, or paths relative to it."""
    if not len(table):
        raise BadImages(f"the table {table.path} has no rows.")
    pixels = table.named("pixels")
    if (
        table.path.suffix.casefold() == PARQUET
        and pixels
        and not isinstance(value_of(table.columns[pixels][0]), str)
    ):
        cells: list[Stored] = [Cell(table.path, row, table.columns[pixels]) for row in range(len(table))]
        return numbered(len(table), f"{table.path.stem}/"), cells
    name = table.named("path")
    if name is None:
        raise BadImages(
            f"{table.path} has no column of paths: call it path. Its columns are {', '.join(table.columns)}."
        )
    paths = [text_of(value_of(value)) for value in table.columns[name]]
    empty = next((row for row, path in enumerate(paths, 2) if not path), None)
    if empty:
        raise BadImages(
            f"{table.path}, line {empty}: the column {name!r} is empty; fill it in or delete the line."
        )
    start, end = whereabouts(table.path, paths) or ("", "")
    paths = [f"{start}{path}{end}" for path in paths]
    return paths, [table.path.parent / path for path in paths]


def _labels(tables: Sequence[Rows]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers and names of the classes; names by number where the tables have a column for each."""
    texts = [text for table in tables for text in table.texts("label")]
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
        name for name in tables[0].columns if name != first and plain(name) in map(plain, COLUMNS["label"])
    ]
    for other in others:
        pairs = {
            (a, text_of(value_of(b)))
            for table in tables
            for a, b in zip(table.texts("label"), table.columns[other], strict=True)
        }
        words = dict(pairs)
        if len(pairs) == len(words) == len(set(words.values())) and all(words.values()):
            return [words[name] for name in names]
    return names


def _splits(table: Rows) -> Iterator[str]:
    name = table.named("split")
    for line, text in enumerate(table.texts("split"), 2):
        if text and text.casefold() not in SPLITS:
            raise BadImages(
                f"{table.path}, line {line}: {name} is {text!r}; write train, val, test or nothing."
            )
        yield SPLITS.get(text.casefold(), table.split)


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
