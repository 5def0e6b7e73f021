"""``convscope predict MODEL PICTURES``."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from convscope.cli.network import UNTOLD, Network
from convscope.cli.place import keep
from convscope.cli.show import Count

if TYPE_CHECKING:
    from convscope.ask.named import Named
    from convscope.images import Problem

Format = Literal["table", "csv", "json", "jsonl", "parquet"]
SUFFIXES: dict[str, Format] = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".parquet": "parquet"}


def predict(
    *named: Annotated[str, Parameter(allow_leading_hyphen=True)],  # "-" is a picture
    model: Annotated[list[str] | None, Parameter(negative="")] = None,
    from_list: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    top: Count = 3,
    abstain: Annotated[float, Parameter(validator=Number(gte=0, lte=1))] = 0.0,
    combine: Literal["mean", "vote"] = "mean",
    network: Network = UNTOLD,
    format: Format | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: bool = False,
) -> None:
    """Class names and probabilities of pictures, in the order they are named.

    What cannot be read is named on standard error and never stops the rest; the exit code is 1 where a
    picture or folder that you named was among it.

    Parameters
    ----------
    named
        A model (a run folder, or a network by name: resnet18, timm:NAME, file.py:factory), then pictures:
        files, folders, zips, tables, patterns such as "photos/*.jpg", or - for one picture on standard input.
    model
        Models that answer together, as a list with commas or given again; then only pictures follow.
    from_list
        A file that lists pictures, one path a line; - for standard input.
    top
        How many classes to name.
    abstain
        Withhold answers whose probability is below this.
    combine
        How several models answer together: mean of probabilities, or vote (ties: the higher mean).
    format
        table, csv, json, jsonl or parquet; that of --out's suffix, or table.
    out
        Write to this file instead.
    json
        The same as --format json.
    """
    from convscope.ask.named import answers
    from convscope.cli.answers import as_row
    from convscope.nets.open import is_trained

    names, words = _models_and_pictures(model, named)
    things = _things(words, from_list)
    form = _format(format, json, out)
    if out is not None:
        keep(out, [*(thing.path for thing in things), from_list])
    # of several models, those that know themselves are told nothing
    opened = [(UNTOLD if len(names) > 1 and is_trained(name) else network).open(name) for name in names]
    tally = Tally()
    found = answers(
        opened, things, piped=sys.stdin.buffer.read, on_problem=tally.skip, combine=combine, abstain=abstain
    )
    rows = (as_row(answer, opened[0].classes, top) for answer in found)
    _write(tally.count(rows), form, out, len(opened))
    if abstain:
        words_of = f"{tally.withheld} of {tally.answered} answers withheld, below {abstain:.0%}"
        print(f"convscope: {words_of}", file=sys.stderr)
    asked = {thing.path for thing in things if not thing.found}
    sys.exit(0 if tally.answered and not asked & tally.skipped else 1)


@dataclass
class Tally:
    """How many were answered, withheld and, by name, skipped."""

    answered: int = 0
    withheld: int = 0
    skipped: set[str] = field(default_factory=set)

    def skip(self, problem: "Problem") -> None:
        self.skipped.add(problem.path)
        print(f"convscope: skipped {problem.path}: {problem.reason}", file=sys.stderr)

    def count(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The same rows, counted as they pass."""
        for row in rows:
            self.answered += 1
            self.withheld += row["abstained"]
            yield row


def _models_and_pictures(models: list[str] | None, named: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The first word is the model, unless models were given by flag; commas part several."""
    given, pictures = (models, list(named)) if models else (list(named[:1]), list(named[1:]))
    parts = [[one] if Path(one).exists() else one.split(",") for one in given]
    return [name for part in parts for name in part if name], pictures


def _things(words: list[str], from_list: str | None) -> list["Named"]:
    """What was named, then what was listed; raises BadImages where that is nothing, or cannot be."""
    from convscope.ask.named import PIPED, named, read_list
    from convscope.errors import BadImages, BadSpec

    if strange := [word for word in words if word[:1] == "-" and word != PIPED and not Path(word).exists()]:
        raise BadSpec(f"unknown option {strange[0]}: `convscope predict --help` names them all")
    if from_list == PIPED and PIPED in words:
        raise BadImages("standard input cannot be both a picture and a list: leave out one -")
    if from_list is None and not words:
        raise BadImages("no picture was given: name files, folders or patterns after the model")
    try:
        listed = _list_of(from_list)
    except OSError as error:
        raise BadImages(
            f"cannot read the list {from_list}: {error.strerror}. Give a file of paths"
        ) from error
    things = named(words) + read_list(listed)
    if not things:
        raise BadImages(f"the list {from_list} is empty: write one path a line")
    return things


def _list_of(place: str | None) -> bytes:
    if place is None:
        return b""
    return sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()


def _format(asked: Format | None, json: bool, out: Path | None) -> Format:
    """What to write: as asked, else by the suffix; raises BadOutput for Parquet on a terminal."""
    from convscope.errors import BadOutput

    form = "json" if json else asked or SUFFIXES.get(out.suffix.casefold() if out else "", "table")
    if form == "parquet" and out is None:
        raise BadOutput("Parquet is no text: name its file with --out answers.parquet")
    return form


def _write(rows: Iterator[dict[str, Any]], form: Format, out: Path | None, models: int) -> None:
    from convscope.cli.answers import lines, parquet
    from convscope.plain.files import write_bytes, write_text

    if out is None:
        for line in lines(rows, form, models):
            print(line)
    elif form == "parquet":
        write_bytes(out, parquet(rows))
    else:
        write_text(out, "".join(f"{line}\n" for line in lines(rows, form, models)))
