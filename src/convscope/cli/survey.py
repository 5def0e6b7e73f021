"""``convscope survey MODEL``."""

from typing import Annotated, Any

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json, survey_progress
from convscope.survey.settings import Shard, Survey


def survey(
    model: str,
    /,
    *,
    data: str | None = None,
    into: str | None = None,
    network: Network = UNTOLD,
    shard: str | None = None,
    channels: str = "",
    settings: Annotated[Survey | None, Parameter(name="*")] = None,
    json: bool = False,
) -> None:
    """Find what excites every channel, and project it back to pixels.

    Parameters
    ----------
    model
        A run folder, or a network by name (resnet18, timm:NAME, file.py:factory).
    data
        The images; a run remembers its own, of which those it was not trained on are surveyed; of others all.
    into
        Where the atlas goes; RUN/atlas by default, RUN/atlas-control with --control random, NAME-atlas here for
        other images than the run's own.
    shard
        Do one share of the work, for example 2/4; give all shards the same --into. Then the same command without
        --shard finishes the atlas. Under torchrun each process takes its share and the first one finishes.
    channels
        Project only these, for example conv4:0-31,conv5:7; they are added to the atlas where it is there already.
    json
        Print what was made as JSON.
    """
    if shard is not None:
        share = survey_model(model, data, into, network, settings or Survey(), shard=Shard.parse(shard))
        print_share(share, shard, json)
        return
    made = survey_model(model, data, into, network, settings or Survey(), channels=channels)
    if made is None:  # another process of this torchrun has finished the atlas
        return
    if json:
        print_json({"atlas": str(made.path), "layers": list(made.layers), "images": len(made.images)})
        return
    total = sum(layer.channels for layer in made.layers.values())
    print(f"{made.path}: {len(made.layers)} layers, {total:,} channels, {len(made.images):,} images")
    print(f"Open it: convscope explore {made.path}")


def print_share(share: Any, shard: str, json: bool) -> None:
    """How far the survey has come, and what to do now."""
    if json:
        print_json(vars(share) | {"next": share.next})
        return
    print(
        f"shard {shard}: {share.counted} of {share.units} work units are counted, "
        f"{share.drawn} of {share.sheets} sheets drawn; {share.next}"
    )


def survey_model(
    model: str,
    data: str | None,
    into: str | None,
    network: Network,
    settings: Survey,
    *,
    shard: Shard | None = None,
    channels: str = "",
) -> Any:
    """The atlas of a run or a named network, or what came of one shard; with progress on standard error."""
    from dataclasses import replace

    from convscope.ask.run import subject
    from convscope.survey.run import survey as run
    from convscope.survey.run import survey_shard
    from convscope.survey.together import is_together, survey_together

    about = subject(model, network.open(model), data, into, settings.split)
    settings = replace(settings, split=about.split)
    if settings.control == "random" and into is None:
        about = replace(about, into=about.into.with_name(f"{about.into.name}-control"))
    common: Any = {"into": about.into, "settings": settings}
    with survey_progress() as report:
        if shard is not None:
            return survey_shard(about.model, about.images, shard=shard, on_progress=report, **common)
        if is_together():
            return survey_together(about.model, about.images, on_progress=report, **common)
        return run(about.model, about.images, on_progress=report, channels=channels, **common)
