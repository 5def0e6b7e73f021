"""Open an atlas in the browser."""

from collections.abc import Mapping
from pathlib import Path

from convscope.atlas.read import Atlas, open_atlas
from convscope.plain.wish import Answering


def explore(
    atlas: Atlas | str | Path,
    *,
    port: int | None = None,
    open_browser: bool = True,
    live: Mapping[str, Answering] | None = None,
) -> None:
    """Serve an atlas on this machine until Ctrl-C; prints its address when ready.

    ``atlas`` is an atlas, its folder or a run folder; ``live``, from ``cs.live(MODEL)``, answers what it does not
    hold. Raises BadAtlas, and BadOutput where ``port`` is taken.

    >>> cs.explore("runs/demo")  # doctest: +SKIP
    """
    from convscope.explorer.serve import serve

    opened = atlas if isinstance(atlas, Atlas) else open_atlas(atlas)
    serve(opened.path, port=port, open_browser=open_browser, live=live)
