"""Predictions as lines of text or as a Parquet file."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from convscope.errors import BadOutput


def as_row(answer: Any, classes: tuple[str, ...], top: int) -> dict[str, Any]:
    """One ``Prediction`` as plain data; the class is "" where the answer was withheld."""
    return {
        "image": answer.id,
        "class": answer.predicted,
        "probability": answer.probability,
        "abstained": answer.abstained,
        "label": answer.label,
        "votes": answer.votes,
        "top": [{"class": name, "probability": share} for name, share in answer.top(classes, top)],
    }


def lines(rows: Iterable[dict[str, Any]], form: str, models: int) -> Iterator[str]:
    """The lines of a text, one by one as the answers come; JSON is one text."""
    if form == "json":
        yield json.dumps(list(rows), ensure_ascii=False, indent=1)
    elif form == "jsonl":
        yield from (json.dumps(row, ensure_ascii=False) for row in rows)
    elif form == "csv":
        yield _comma(("image", "rank", "class", "probability", "abstained"))
        yield from (_comma(cells) for row in rows for cells in _ranked(row))
    else:
        yield from (_table_line(row, models) for row in rows)


def parquet(rows: Iterable[dict[str, Any]]) -> bytes:
    """One row an image, as Parquet; raises BadOutput without pyarrow."""
    try:
        import pyarrow
        from pyarrow.parquet import write_table
    except ImportError as error:
        raise BadOutput(
            "Parquet needs pyarrow, which is not installed: pip install pyarrow, or use --format csv"
        ) from error
    file = io.BytesIO()
    write_table(pyarrow.Table.from_pylist(list(rows), schema=_schema()), file)
    return file.getvalue()


def _schema() -> Any:
    """Columns by name, so that a file without answers has them too."""
    import pyarrow as pa

    best = pa.list_(pa.struct([("class", pa.string()), ("probability", pa.float64())]))
    return pa.schema(
        [
            ("image", pa.string()),
            ("class", pa.string()),
            ("probability", pa.float64()),
            ("abstained", pa.bool_()),
            ("label", pa.string()),
            ("votes", pa.int64()),
            ("top", best),
        ]
    )


def _ranked(row: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """A line a class; a withheld answer is one line without a class."""
    if row["abstained"]:
        yield row["image"], 1, "", f"{row['probability']:.6f}", 1
        return
    for rank, best in enumerate(row["top"], 1):
        yield row["image"], rank, best["class"], f"{best['probability']:.6f}", 0


def _comma(cells: Iterable[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)  # which quotes a name with either in it
    return text.getvalue().removesuffix("\r\n")


def _table_line(row: dict[str, Any], models: int) -> str:
    best = "  ".join(f"{one['class']} {one['probability']:.1%}" for one in row["top"])
    unsure = "not sure enough: " if row["abstained"] else ""
    votes = f"  ({row['votes']} of {models} agree)" if models > 1 else ""
    line = f"{row['image']}  {unsure}{best}{votes}"
    return "".join(letter if letter.isprintable() else "�" for letter in line)
