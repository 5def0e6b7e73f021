"""``convscope survey MODEL``."""

from typing import Annotated, Any

from cyclopts import Parameter

from convscope.cli.show import print_json, survey_progress
from convscope.survey.settings import Survey


def survey(
    model: str,
    /,
    *,
    data: str | None = None,
    into: str | None = None,
    weights: str | None = None,
    settings: Annotated[Survey | None, Parameter(name="*")] = None,
    json: bool = False,
) -> None:
    """Find what excites every channel, and project it back to pixels.

    Parameters
    ----------
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    data
        The images; a run remembers its own.
    into
        Where the atlas goes; RUN/atlas by default.
    weights
        A safetensors file, for a network given by name.
    json
        Print what was made as JSON.
    """
    made = survey_model(model, data, into, weights, settings or Survey())
    if json:
        print_json({"atlas": str(made.path), "layers": list(made.layers), "images": len(made.images)})
        return
    channels = sum(layer.channels for layer in made.layers.values())
    print(f"{made.path}: {len(made.layers)} layers, {channels:,} channels, {len(made.images):,} images")
    print(f"Open it: convscope explore {made.path}")


def survey_model(
    model: str, data: str | None, into: str | None, weights: str | None, settings: Survey
) -> Any:
    """The atlas of a run or a named network, with progress on standard error."""
    from dataclasses import replace

    from convscope.ask.run import subject
    from convscope.survey.run import survey as run

    about = subject(model, data, into, settings.split, weights)
    with survey_progress() as report:
        return run(
            about.model,
            about.images,
            into=about.into,
            settings=replace(settings, split=about.split),
            on_progress=report,
        )
