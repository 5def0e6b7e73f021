"""``convscope why RUN IMAGE``."""

from typing import Annotated

from cyclopts import Parameter

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json, survey_progress
from convscope.plain.why import Inquiry


def why(
    run: str,
    image: str,
    /,
    *,
    against: str | None = None,
    atlas: str | None = None,
    data: str | None = None,
    boxes: str | None = None,
    box: str | None = None,
    network: Network = UNTOLD,
    settings: Annotated[Inquiry | None, Parameter(name="*")] = None,
    json: bool = False,
) -> None:
    """Why this and not that: where, which channels, and is it a shortcut?

    Parameters
    ----------
    run
        A run folder with its atlas, or a network by name, which needs --atlas and --data.
    image
        An image of the atlas, by its row or id, which is remembered and gets a page; or a file, which is not.
    against
        The class to ask against; the true one where the answer is wrong, else the runner-up.
    atlas
        The atlas of the network; a run has its own.
    data
        The images that the atlas was made of; a run remembers its own.
    boxes
        Where the things are: a CSV with image,x0,y0,x1,y1 in source pixels; boxes.csv beside the atlas by default.
    box
        Where the thing is in this picture: x0,y0,x1,y1.
    json
        Print everything that was measured as JSON.
    """
    from convscope.ask.run import is_run
    from convscope.ask.why import why as ask

    opened = run if is_run(run) else network.open(run)
    with survey_progress() as report:
        found = ask(
            opened,
            image,
            against=against,
            atlas=atlas,
            images=data,
            boxes=boxes,
            box=box,
            settings=settings,
            on_progress=report,
        )
    if json:
        print_json(found.as_dict())
        return
    print(found)
    if found.row is not None:
        print(f"Its page: convscope explore {atlas or run}, then /image/{found.row}/why/")
