"""Open an atlas in the browser."""

from pathlib import Path
from typing import Any

from convscope.atlas.read import Atlas


def explore(atlas: Atlas | str | Path, *, port: int | None = None, open_browser: bool = True) -> None:
    """Serve an atlas on this machine until Ctrl-C; prints its address when ready.

    >>> cs.explore("runs/demo")  # doctest: +SKIP
    """
    from convscope.atlas.read import open_atlas
    from convscope.explorer.serve import serve

    path: Any = atlas.path if isinstance(atlas, Atlas) else open_atlas(atlas).path
    serve(path, port=port, open_browser=open_browser)
