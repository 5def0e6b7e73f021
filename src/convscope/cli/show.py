"""What every command reads and prints in the same way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

Count = Annotated[int, Parameter(validator=Number(gte=1))]  # how many of something to show


def print_json(data: Any) -> None:
    print(json.dumps(data, ensure_ascii=False, indent=1))


@contextmanager
def survey_progress() -> Iterator[Callable[[Any], None]]:
    """Yields a reporter for ``survey``: a live bar in a terminal, a line a stage anywhere else."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain(console)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(progress: Any) -> None:
            if progress.stage not in tasks:
                tasks[progress.stage] = bars.add_task(progress.stage, total=progress.total)
            words = f"{progress.stage} ({progress.unit})" + (f" {progress.detail}" if progress.detail else "")
            bars.update(tasks[progress.stage], completed=progress.done, description=words)

        yield report


def _plain(console: Any) -> Callable[[Any], None]:
    said: set[str] = set()

    def report(progress: Any) -> None:
        if progress.stage not in said:
            said.add(progress.stage)
            console.print(
                f"{progress.stage}: {progress.total} {progress.unit}", highlight=False, markup=False
            )

    return report
