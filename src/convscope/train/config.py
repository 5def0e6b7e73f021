"""A recipe on disk: ``config.yaml``, and what may be asked of a run that is resumed."""

import json
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from convscope.errors import BadAtlas, BadSpec
from convscope.plain.files import write_text
from convscope.train.recipe import Recipe

WHERE = ("out", "name", "resume", "workers")  # where a run lies and who reads, not what it is


def write_config(path: Path, data: str, recipe: Recipe) -> None:
    """One ``key: <json>`` line per setting: YAML that needs no YAML library."""
    settings = {"data": data, **asdict(recipe)}
    lines = [f"{key}: {json.dumps(value)}" for key, value in settings.items() if key not in WHERE]
    write_text(path, "\n".join(lines) + "\n")


def read_config(path: Path) -> tuple[str, Recipe]:
    """(data, recipe) as ``write_config`` wrote them; raises BadAtlas naming the line."""
    settings: dict[str, Any] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        key, _, value = line.partition(":")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError as error:
            raise BadAtlas(f"cannot read {path}, line {number}: {line!r} is no 'key: value'") from error
    data = settings.pop("data", "")
    known = {field.name for field in fields(Recipe)}
    unknown = [key for key in settings if key not in known]
    if unknown:
        raise BadAtlas(f"{path} has the setting {unknown[0]!r}, which this version does not know")
    return data, Recipe(**settings)


def resumed(recorded: Recipe, asked: Recipe) -> Recipe:
    """The recorded recipe at the asked place; raises BadSpec where the two disagree."""
    default = Recipe()
    for name in (field.name for field in fields(Recipe) if field.name not in WHERE):
        wanted = getattr(asked, name)
        if wanted not in ("auto", getattr(default, name), getattr(recorded, name)):  # "auto" leaves it open
            raise BadSpec(
                f"{name} is {wanted!r}, but the run to resume has {getattr(recorded, name)!r}: leave it "
                "out to continue, or give another --name to start afresh"
            )
    return replace(recorded, **{name: getattr(asked, name) for name in WHERE})
