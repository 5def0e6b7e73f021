"""``convscope sheet RUN --layer conv2 -o conv2.png``."""

from typing import Annotated

from cyclopts import Parameter

from convscope.cli.show import Count


def sheet(
    atlas: str,
    /,
    *,
    layer: str,
    out: Annotated[str | None, Parameter(name=["--out", "-o"])] = None,
    channels: Count = 36,
) -> None:
    """The picture of the paper: 3x3 projections beside 3x3 patches for many channels.

    Filters that look straight at the pixels are drawn as they are, before their patches.

    Parameters
    ----------
    atlas
        An atlas folder, or a run folder.
    layer
        The layer; conv2 finds the end of its chain, relu2.
    out
        Where the PNG goes; LAYER.png here by default.
    channels
        How many channels at most, the strongest first.
    """
    from convscope.atlas.read import open_atlas
    from convscope.atlas.sheet import draw_sheet
    from convscope.plain.names import escape
    from convscope.plain.render import save_png

    opened = open_atlas(atlas)
    found = opened.layer(layer)
    path = save_png(out or f"{escape(layer)}.png", draw_sheet(opened, found.name, channels))
    note = "" if found.name == layer else f" ({layer} is shown where its chain ends, at {found.name})"
    print(f"{path}: {min(channels, found.channels)} of {found.channels} channels of {found.name}{note}")
    print(found.validity.sentence)
