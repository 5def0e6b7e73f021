"""``convscope train DATA``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from convscope.cli.show import print_json
from convscope.train.recipe import Recipe


def train(
    data: str, /, *, recipe: Annotated[Recipe | None, Parameter(name="*")] = None, json: bool = False
) -> None:
    """Train a classifier on a folder of class folders.

    Parameters
    ----------
    data
        A folder of class folders, or the name of a bundled set: emoji, fashion.
    json
        Print the report as JSON at the end.
    """
    import json as reader

    from convscope.train.events import Event, Finished
    from convscope.train.loop import train as run
    from convscope.train.progress import Terminal

    folders: list[str] = []
    terminal = Terminal()

    def listen(event: Event) -> None:
        if isinstance(event, Finished):
            folders.append(event.folder)
        if not json:
            terminal(event)

    try:
        run(data, recipe or Recipe(), on_progress=listen)
    finally:
        terminal.close()
    if json:
        print_json(reader.loads((Path(folders[-1]) / "report.json").read_text("utf-8")))
