"""``convscope lessons MODEL``."""

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def lessons(
    model: str,
    /,
    *,
    data: str | None = None,
    into: str | None = None,
    network: Network = UNTOLD,
    json: bool = False,
) -> None:
    """Measure what the explorer's lessons show of this network: shifts, fields, a covered picture.

    Parameters
    ----------
    model
        A surveyed run folder, or a network by name.
    data
        The images of the survey; a run remembers its own.
    into
        The atlas; RUN/atlas by default.
    json
        Print the measurements as JSON.
    """
    from convscope.ask.lessons import measure_lessons
    from convscope.ask.run import subject

    about = subject(model, network.open(model), data, into, "all")
    found = measure_lessons(about.model, about.images, about.into)
    if json:
        print_json(found)
        return
    swept = found["occlusion"]
    rows, columns = len(swept["probability"][0]), len(swept["probability"][0][0])
    lowest = min(min(row) for row in swept["probability"][0])
    print(f"shifts of {found['shift']['pictures']} pictures through {len(found['shift']['layers'])} layers")
    print(f"the field that is used, of {len(found['fields']['width'])} layers")
    print(
        f"a square of {swept['size']} pixels at {rows} x {columns} places: "
        f"{about.model.classes[swept['classes'][0]]} falls from {swept['clean'][0]:.0%} to {lowest:.0%}"
    )
    print(f"Open the lessons: convscope explore {about.into}")
